import { NodeRuntime } from "@effect/platform-node"
import { Config, Layer } from "effect"
import { Thunderline } from "thunderline"
import { ControlServer } from "thunderline/control"
import { Otlp } from "thunderline/otlp"
import { Postgres } from "thunderline/postgres"
import { domains } from "../minimal.ts"

const App = Thunderline.layer({
  app: "greetings",
  domains,
  repo: Postgres.layer({ url: Config.Redacted("DATABASE_URL") }) // or layerFromClient, layerEmbedded
})

const Main = ControlServer.layer().pipe( // http://127.0.0.1:4747: API, probes, metrics, dashboard
  Layer.provideMerge(App),
  Layer.provide(Otlp.layer({ serviceName: "greetings" })) // to OTEL_EXPORTER_OTLP_ENDPOINT
)

NodeRuntime.runMain(Thunderline.launch(Main))
