import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { root } from "../cli/Process.ts"

/** A real OpenTelemetry Collector: the one that `OTELCOL` names, or the one beside the repository. */
export const binary: string | undefined = [process.env["OTELCOL"], join(root, "../shared/otelcol/otelcol")]
  .find((path) => path !== undefined && existsSync(path))

if (binary === undefined) {
  console.warn("There is no OpenTelemetry Collector (OTELCOL): telemetry goes straight to the test's own receiver")
}

/** A port that nothing listens on. */
export const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address() as AddressInfo
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** A collector with the project's own configuration, whose back ends are a test's receiver. */
export interface Collector {
  readonly url: string
  readonly metricsUrl: string
  /** Starts it and returns when it takes requests. */
  readonly start: (env?: Readonly<Record<string, string>>) => Effect.Effect<void>
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Kills it and returns when it is gone. */
  readonly kill: Effect.Effect<void>
  readonly output: () => string
}

/** A collector, not started yet; it is killed with the scope. */
export const make = Effect.fnUntraced(function*(path: string, sink: string) {
  const port = yield* freePort
  const metricsPort = yield* freePort
  const grpcPort = yield* freePort
  let child: ChildProcess | undefined
  let output = ""
  const kill = Effect.callback<void>((resume) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGKILL")
  })
  yield* Effect.addFinalizer(() => kill)
  const collector: Collector = {
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    output: () => output,
    kill,
    signal: (signal) => Effect.sync(() => void child?.kill(signal)),
    start: (env) =>
      Effect.callback<void>((resume) => {
        output = ""
        const started = spawn(path, ["--config", join(root, "otel-collector.yaml")], {
          env: {
            PATH: process.env["PATH"],
            OTLP_HTTP_LISTEN: `127.0.0.1:${port}`,
            OTLP_GRPC_LISTEN: `127.0.0.1:${grpcPort}`,
            COLLECTOR_METRICS_PORT: String(metricsPort),
            TRACES_ENDPOINT: sink,
            METRICS_ENDPOINT: sink,
            LOGS_ENDPOINT: sink,
            LOGS_EXPORTER: "otlp_http/logs",
            OTLP_ENCODING: "json",
            OTLP_COMPRESSION: "none",
            BATCH_FLUSH: "200ms",
            ...env
          },
          stdio: ["ignore", "ignore", "pipe"]
        })
        child = started
        started.stderr.setEncoding("utf8").on("data", (text: string) => {
          output += text
          if (output.includes("Everything is ready")) resume(Effect.void)
        })
        started.once("exit", (code) => {
          if (!output.includes("Everything is ready")) {
            resume(Effect.die(new Error(`The collector ended with ${code}: ${output}`)))
          }
        })
      })
  }
  return collector
})
