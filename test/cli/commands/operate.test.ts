import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { existsSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { appText, canBeFound, folder, run, thunderline } from "../Process.ts"

const app = appText(`
const store = Domain.make("store", { layer: Layer.empty })
const shop = Domain.make("shop", { dependsOn: [store], layer: Layer.empty })
const doomed = Domain.make("doomed", {
  layer: Layer.effectDiscard(Effect.fail(new Error("no luck"))),
  restart: "never",
  criticality: "optional"
})
export const domains = [store, shop, doomed]`)

const state = ["--state-dir", "state"]
const quick = ["--interval", "50ms", "--database", "memory", ...state]

const running = Effect.gen(function*() {
  const cwd = yield* folder({ "app.ts": app })
  const program = yield* thunderline(["start", "app.ts", ...quick], { cwd })
  yield* program.says("Domain activated: shop")
  yield* canBeFound(join(cwd, "state"))
  const call = (args: ReadonlyArray<string>) => run([...args, ...state], { cwd })
  return { cwd, program, call }
})

/** Calls until the answer is as expected: an operation is accepted before it is carried out. */
const until = (call: ReturnType<typeof run>, expected: RegExp) =>
  Effect.repeat(call, { until: ({ stdout }) => expected.test(stdout), schedule: Schedule.recurs(20) })

describe("the commands that talk to a running program", () => {
  it.live("show it, change its domains and tell what is wrong, by state folder alone", () =>
    Effect.gen(function*() {
      const { call, cwd, program } = yield* running
      assert.strictEqual(statSync(join(cwd, "state/token")).mode & 0o777, 0o600)
      const { pid, url } = JSON.parse(readFileSync(join(cwd, "state/control.json"), "utf8"))
      assert.isNumber(pid)
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)

      const status = yield* call(["status"])
      assert.deepStrictEqual([status.code, status.stderr], [0, ""])
      assert.match(
        status.stdout,
        /^app \S+, ready: All required domains \(2\) are active\.\n {2}degraded +doomed is crashed\n/
      )
      assert.match(status.stdout, /\ndoomed +crashed .*no luck\n/)
      assert.deepStrictEqual(
        JSON.parse((yield* call(["status", "--json"])).stdout).domains.map((domain: any) => domain.status),
        ["active", "active", "crashed"]
      )

      const deactivated = yield* call(["deactivate", "store"])
      assert.containsSubset(deactivated, { code: 0, stderr: "" })
      assert.match(deactivated.stdout, /^Accepted: deactivate store; it is \w+ now\.\n$/)
      const blocked = yield* until(call(["status"]), /shop +waiting .*blocked by store/)
      assert.deepStrictEqual([blocked.code, blocked.stderr], [
        3,
        "thunderline: Not every required domain is active: store is inactive; shop is blocked by store.\n"
      ])

      const sick = yield* call(["doctor", "--database", "memory"])
      assert.strictEqual(sick.code, 1)
      assert.match(
        sick.stdout,
        /FAILED {5}no domain is stuck in waiting\n.*shop, blocked by store \(inactive\)\n[^]*next {3}thunderline activate store\n/
      )
      assert.match(sick.stdout, /FAILED {5}no domain is crashed\n.*doomed is crashed: .*no luck/)
      assert.strictEqual(
        sick.stderr,
        "thunderline: 2 checks failed: no domain is stuck in waiting; no domain is crashed\n"
      )

      const refused = yield* call(["restart", "store"])
      assert.deepStrictEqual([refused.code, refused.stdout, refused.stderr], [
        1,
        "",
        "thunderline: Domain store is inactive: it cannot restart\n"
      ])
      const unknown = yield* call(["activate", "stor"])
      assert.strictEqual(unknown.stderr, "thunderline: There is no domain \"stor\"; there are: store, shop, doomed\n")
      assert.strictEqual((yield* call(["activate", "store"])).code, 0)
      assert.strictEqual((yield* until(call(["status"]), /shop +active/)).code, 0)

      const secret = readFileSync(join(cwd, "state/token"), "utf8").trim()
      yield* program.kill("SIGTERM")
      const { code, stderr, stdout } = yield* program.ended
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.notInclude(stdout, secret)
      assert.isFalse(existsSync(join(cwd, "state/control.json")))
      assert.strictEqual(readFileSync(join(cwd, "state/token"), "utf8").trim(), secret)
    }), 60_000)

  it.live(
    "read the trail of the program, whatever it is kept in, and say so; a named database is read itself",
    () =>
      Effect.gen(function*() {
        const { call, cwd, program } = yield* running
        const { url } = JSON.parse(readFileSync(join(cwd, "state/control.json"), "utf8"))
        const source = `Read from the running program at ${url}\n`
        const domains = yield* call(["domains"])
        assert.containsSubset(domains, { code: 0, stderr: source })
        assert.match(domains.stdout, /\nstore +active +\d+ /)
        const history = yield* call(["history", "--json", "--tick", "1..100000", "--status", "active"])
        assert.containsSubset(history, { code: 0, stderr: source })
        assert.deepStrictEqual(JSON.parse(history.stdout).events.map((event: any) => event.domain), ["shop", "store"])
        const story = yield* call(["domain", "doomed", "--json"])
        assert.deepStrictEqual([story.code, JSON.parse(story.stdout).status], [0, "crashed"])
        const boot = yield* call(["analyze", "boot", "--json"])
        assert.deepStrictEqual([boot.code, boot.stderr], [0, source])
        const wrong = yield* call(["history", "--cursor", "abc"])
        assert.deepStrictEqual([wrong.code, wrong.stderr], [
          2,
          `thunderline: "abc" is not a cursor of an earlier page\n`
        ])

        const doctor = yield* call(["doctor"])
        assert.match(doctor.stdout, /\nskipped +the database can be read, [^]*trail\s+in\s+memory/)
        const named = yield* call(["domains", "--database", "embedded"])
        assert.containsSubset(named, { code: 0, stdout: "No domain has been recorded yet.\n" })
        assert.match(named.stderr, /^Read from the trail: embedded database in /)
        const memory = yield* call(["domains", "--database", "memory"])
        assert.deepStrictEqual([memory.code, memory.stdout], [2, ""])
        yield* program.kill("SIGKILL")
        yield* program.ended
        const after = yield* call(["domains"])
        assert.strictEqual(after.code, 0)
        assert.match(after.stderr, /^Read from the trail: /)
        const port = yield* call(["domains", "--port", new URL(url).port])
        assert.strictEqual(port.code, 4)
        assert.match(port.stderr, /^thunderline: No program answers at http/)
      }),
    60_000
  )

  it.live("exit 4 when no program answers, saying where it was looked for", () =>
    Effect.gen(function*() {
      const cwd = yield* folder()
      for (const command of [["status"], ["restart", "store"]]) {
        const { code, stderr, stdout } = yield* run([...command, ...state, "--port", "1"], { cwd })
        assert.deepStrictEqual([code, stdout], [4, ""])
        assert.match(stderr, /^thunderline: No program answers at http:\/\/127\.0\.0\.1:1: start one/)
      }
      const doctor = yield* run(["doctor", ...state, "--port", "1", "--database", "memory", "--json"], { cwd })
      assert.strictEqual(doctor.code, 1)
      assert.containsSubset(JSON.parse(doctor.stdout)[0], { check: "the program answers", outcome: "failed" })
    }))

  it.live("refuse a token that is not the program's", () =>
    Effect.gen(function*() {
      const { cwd } = yield* running
      const env = { THUNDERLINE_TOKEN: "not-the-token-of-the-program" }
      const { code, stderr } = yield* run(["restart", "store", ...state], { cwd, env })
      assert.deepStrictEqual([code, stderr], [1, "thunderline: That is not the token\n"])
    }))
})

describe("thunderline start", () => {
  it.live("ends with 1 before anything has started when its port is taken or open to others without a token", () =>
    Effect.gen(function*() {
      const { cwd } = yield* running
      const { url } = JSON.parse(readFileSync(join(cwd, "state/control.json"), "utf8"))
      const port = new URL(url).port
      const taken = yield* run(["start", "app.ts", ...quick, "--port", port], { cwd })
      assert.deepStrictEqual([taken.code, taken.stdout], [1, ""])
      assert.include(taken.stderr, `thunderline: Port ${port} on 127.0.0.1 is taken by another program`)
      const open = yield* run(["start", "app.ts", ...quick, "--host", "0.0.0.0"], { cwd })
      assert.deepStrictEqual([open.code, open.stdout], [1, ""])
      assert.match(
        open.stderr,
        /^thunderline: Listening on 0\.0\.0\.0 is open to other machines: set THUNDERLINE_TOKEN/
      )
      const short = yield* run(["start", "app.ts", ...quick], { cwd, env: { THUNDERLINE_TOKEN: "short" } })
      assert.deepStrictEqual([short.code, short.stderr], [
        1,
        "thunderline: THUNDERLINE_TOKEN must have at least 16 characters, and no spaces\n"
      ])
    }))

  it.live("listens nowhere with --no-http", () =>
    Effect.gen(function*() {
      const cwd = yield* folder({ "app.ts": app })
      const program = yield* thunderline(["start", "app.ts", ...quick, "--no-http"], { cwd })
      yield* program.says("Domain activated: shop")
      yield* program.kill("SIGTERM")
      const { code, stdout } = yield* program.ended
      assert.strictEqual(code, 0)
      assert.notInclude(stdout, "ControlServer")
      assert.isFalse(existsSync(join(cwd, "state/token")))
    }))
})
