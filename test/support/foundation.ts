import * as Layer from "effect/Layer"
import * as Audit from "../../src/Audit.ts"
import * as CurrentRun from "../../src/CurrentRun.ts"
import * as DomainRegistry from "../../src/DomainRegistry.ts"
import * as Outbox from "../../src/Outbox.ts"
import * as Repo from "../../src/Repo.ts"
import * as SystemPubSub from "../../src/SystemPubSub.ts"

/** What stands below the heartbeat: registry, outbox, the trail in memory, bus, run. */
export const foundation = DomainRegistry.layer.pipe(
  Layer.provideMerge(Outbox.layer()),
  Layer.provideMerge(Layer.merge(Repo.layerMemory, Audit.layer)),
  Layer.provideMerge(SystemPubSub.layer),
  Layer.provideMerge(CurrentRun.layer())
)
