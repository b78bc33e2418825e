import { NodeRuntime } from "@effect/platform-node"
import { Layer } from "effect"
import { Thunderline } from "thunderline"
import { domains } from "./minimal.ts"

const Main = Thunderline.layer({ domains, interval: "1 second" })

NodeRuntime.runMain(Layer.launch(Main))
