import { NodeRuntime } from "@effect/platform-node"
import { Thunderline } from "thunderline"
import { domains } from "./minimal.ts"

const Main = Thunderline.layer({ domains, interval: "1 second" })

NodeRuntime.runMain(Thunderline.launch(Main)) // until a signal (exit code 0) or an escalation (70)
