import { describe, expect, it } from "@effect/vitest"
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
      expect(status).toMatchObject({ code: 0, stderr: "" })
      expect(ready).toMatchObject({ status: "pass", degraded: [] })
      expect(stats).toMatchObject({
        run: { app: "greetings" },
        trail: { backend: "postgresql", status: "ok" },
        telemetry: { collector: sink.url }
      })

      const doctor = yield* run(["doctor", "--json"], { env })
      const checks: ReadonlyArray<{ readonly outcome: string }> = JSON.parse(doctor.stdout)
      expect(checks.filter(({ outcome }) => outcome !== "ok"), doctor.stdout).toEqual([])
      expect([doctor.code, checks.length > 5]).toEqual([0, true])

      const restart = yield* run(["restart", "visitor"], { env })
      expect(restart).toMatchObject({ code: 0, stderr: "" })

      yield* program.kill("SIGTERM")
      const { code, stderr, stdout } = yield* program.ended
      expect(stdout).toMatch(/Domain deactivated: visitor[^]*Domain deactivated: greeter[^]*\[Thunderline\] Stopped\n$/)
      expect([code, stderr]).toEqual([0, ""])
      expect(existsSync(join(stateDir, "control.json"))).toBe(false)

      const history = yield* run(["history", "--domain", "visitor", "--json"], { env })
      const { events } = JSON.parse(history.stdout)
      expect(events[0]).toMatchObject({ reason: "shutdown", node: stats.run.node })
      const activated = sink.spans.find(({ name }) => name === "Domain.activate")!
      expect(activated.resource).toMatchObject({ "service.name": "greetings", "service.instance.id": stats.run.node })
    }).pipe(Effect.scoped))
})
