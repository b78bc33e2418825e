import * as Layer from "effect/Layer"
import * as DomainRegistry from "../../src/heartbeat/DomainRegistry.ts"
import * as SystemPubSub from "../../src/heartbeat/SystemPubSub.ts"
import * as TickIngress from "../../src/heartbeat/TickIngress.ts"
import * as TickNumberer from "../../src/heartbeat/TickNumberer.ts"
import * as CurrentRun from "../../src/trail/CurrentRun.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import * as Outbox from "../../src/trail/Outbox.ts"
import * as TrailStatus from "../../src/trail/TrailStatus.ts"

/** What stands below the heartbeat: registry, outbox, the trail in memory, bus, run. */
export const foundation = DomainRegistry.layer.pipe(
  Layer.provideMerge(Outbox.layer()),
  Layer.provideMerge(Layer.merge(MemoryRepo.layer, TrailStatus.layer)),
  Layer.provideMerge(SystemPubSub.layer),
  Layer.provideMerge(CurrentRun.layer())
)

/** The same, and what a heartbeat sends its ticks through. */
export const ticking = Layer.merge(TickIngress.layer, TickNumberer.layerLocal).pipe(Layer.provideMerge(foundation))
