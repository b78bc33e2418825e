import { NodeRuntime } from "@effect/platform-node"
import { Layer } from "effect"
import { Thunderline } from "thunderline"
import { ControlServer } from "thunderline/control"
import { domains } from "../minimal.ts"

const Main = ControlServer.layerServed.pipe(
  Layer.provideMerge(Thunderline.layer({ domains })),
  Layer.provide(ControlServer.layerListening({ port: 4747 }))
)

NodeRuntime.runMain(Thunderline.launch(Main))
