import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { folder, run, start } from "../cli/Process.ts"
import * as OtlpSink from "../support/OtlpSink.ts"
import * as PostgresProcess from "../support/PostgresProcess.ts"

/** The app of the README in a process of its own, on a PostgreSQL server and an OTLP receiver of the test's. */
const composed = Effect.gen(function*() {
  const server = yield* PostgresProcess.make()
  const sink = yield* OtlpSink.make
  const state = yield* folder()
  const env = { DATABASE_URL: server.url, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, XDG_STATE_HOME: state }
  const program = yield* start(process.execPath, ["examples/composed/main.ts"], { env })
  return { program, sink, env, stateDir: join(state, "thunderline") }
})

describe("an app of one's own with everything", () => {
  it.live("is found by the command line, which finds nothing wrong", () =>
    Effect.gen(function*() {
      const { env, program, sink, stateDir } = yield* composed
      yield* program.says("Hello, tick 2")

      const status = yield* run(["status", "--json"], { env })
      const { ready, stats } = JSON.parse(status.stdout)
      assert.containsSubset(status, { code: 0, stderr: "" })
      assert.deepInclude(ready, { status: "pass", degraded: [] })
      assert.containsSubset(stats, {
        run: { app: "greetings" },
        trail: { backend: "postgresql", status: "ok" },
        telemetry: { collector: sink.url }
      })

      const doctor = yield* run(["doctor", "--json"], { env })
      const checks: ReadonlyArray<{ readonly outcome: string }> = JSON.parse(doctor.stdout)
      assert.deepStrictEqual(checks.filter(({ outcome }) => outcome !== "ok"), [], doctor.stdout)
      assert.deepStrictEqual([doctor.code, checks.length > 5], [0, true])

      const restart = yield* run(["restart", "visitor"], { env })
      assert.containsSubset(restart, { code: 0, stderr: "" })

      yield* program.kill("SIGTERM")
      const { code, stderr, stdout } = yield* program.ended
      assert.match(stdout, /Domain deactivated: visitor[^]*Domain deactivated: greeter[^]*\[Thunderline\] Stopped\n$/)
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.isFalse(existsSync(join(stateDir, "control.json")))

      const history = yield* run(["history", "--domain", "visitor", "--json"], { env })
      const { events } = JSON.parse(history.stdout)
      assert.deepInclude(events[0], { reason: "shutdown", node: stats.run.node })
      const activated = sink.spans.find(({ name }) => name === "Domain.activate")!
      assert.deepInclude(activated.resource, { "service.name": "greetings", "service.instance.id": stats.run.node })
    }).pipe(Effect.scoped))
})
