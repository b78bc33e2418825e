import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { run, thunderline } from "../cli/Process.ts"
import * as PostgresProcess from "../support/PostgresProcess.ts"

const app = "examples/minimal.ts"

describe("thunderline start on a server of one's own", () => {
  it.live("is refused beside a program that is alive, and goes ahead at once when that one was killed", () =>
    Effect.gen(function*() {
      const { url } = yield* PostgresProcess.make()
      const start = ["start", app, "--database", url, "--interval", "50ms", "--first-tick", "immediate"]
      const first = yield* thunderline(start)
      yield* first.says("Domain activated: visitor")
      const refused = yield* run(start)
      assert.strictEqual(refused.code, 1)
      assert.match(refused.stderr, /The trail is in use by minimal, run [0-9a-f-]{36} on node [0-9a-f-]{36}, since 20/)
      yield* first.kill("SIGKILL")
      yield* first.ended
      const next = yield* thunderline(start)
      yield* next.says("Domain activated: visitor")
      yield* next.kill("SIGTERM")
      assert.strictEqual((yield* next.ended).code, 0)
    }))

  it.live("leaves the schema alone with --no-migrate, and says what is missing", () =>
    Effect.gen(function*() {
      const { url } = yield* PostgresProcess.make()
      const start = ["start", app, "--database", url, "--no-migrate"]
      const refused = yield* run(start)
      assert.strictEqual(refused.code, 1)
      assert.include(refused.stderr, "The database schema \"thunderline\" is not there, this program needs 1")
      assert.strictEqual((yield* run(["migrate", "--database", url])).code, 0)
      const program = yield* thunderline([...start, "--first-tick", "immediate", "--trail", "required"])
      yield* program.says("Domain activated: visitor")
    }))

  it.live("does not start without its database where the trail is required, and starts without it where not", () =>
    Effect.gen(function*() {
      const server = yield* PostgresProcess.make()
      yield* server.stop("SIGKILL")
      const start = ["start", app, "--database", server.url, "--first-tick", "immediate"]
      const refused = yield* run([...start, "--trail", "required"])
      assert.strictEqual(refused.code, 4)
      assert.include(refused.stderr, "cannot be reached")
      const program = yield* thunderline(start)
      yield* program.says("Domain activated: visitor")
      yield* program.says("trail: degraded")
      yield* server.start
      yield* program.says("trail: ok")
    }))
})
