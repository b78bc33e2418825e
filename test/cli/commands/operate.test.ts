import { describe, expect, it } from "@effect/vitest"
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
      expect(statSync(join(cwd, "state/token")).mode & 0o777).toBe(0o600)
      const { pid, url } = JSON.parse(readFileSync(join(cwd, "state/control.json"), "utf8"))
      expect([typeof pid, url]).toEqual(["number", expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)])

      const status = yield* call(["status"])
      expect([status.code, status.stderr]).toEqual([0, ""])
      expect(status.stdout).toMatch(
        /^app \S+, ready: All required domains \(2\) are active\.\n {2}degraded +doomed is crashed\n/
      )
      expect(status.stdout).toMatch(/\ndoomed +crashed .*no luck\n/)
      expect(JSON.parse((yield* call(["status", "--json"])).stdout).domains.map((domain: any) => domain.status))
        .toEqual(
          ["active", "active", "crashed"]
        )

      const deactivated = yield* call(["deactivate", "store"])
      expect(deactivated).toMatchObject({ code: 0, stderr: "" })
      expect(deactivated.stdout).toMatch(/^Accepted: deactivate store; it is \w+ now\.\n$/)
      const blocked = yield* until(call(["status"]), /shop +waiting .*blocked by store/)
      expect([blocked.code, blocked.stderr]).toEqual([
        3,
        "thunderline: Not every required domain is active: store is inactive; shop is blocked by store.\n"
      ])

      const sick = yield* call(["doctor", "--database", "memory"])
      expect(sick.code).toBe(1)
      expect(sick.stdout).toMatch(
        /FAILED {5}no domain is stuck in waiting\n.*shop, blocked by store \(inactive\)\n[^]*next {3}thunderline activate store\n/
      )
      expect(sick.stdout).toMatch(/FAILED {5}no domain is crashed\n.*doomed is crashed: .*no luck/)
      expect(sick.stderr).toBe("thunderline: 2 checks failed: no domain is stuck in waiting; no domain is crashed\n")

      const refused = yield* call(["restart", "store"])
      expect([refused.code, refused.stdout, refused.stderr]).toEqual(
        [1, "", "thunderline: Domain store is inactive: it cannot restart\n"]
      )
      const unknown = yield* call(["activate", "stor"])
      expect(unknown.stderr).toBe("thunderline: There is no domain \"stor\"; there are: store, shop, doomed\n")
      expect((yield* call(["activate", "store"])).code).toBe(0)
      expect((yield* until(call(["status"]), /shop +active/)).code).toBe(0)

      const secret = readFileSync(join(cwd, "state/token"), "utf8").trim()
      yield* program.kill("SIGTERM")
      const { code, stderr, stdout } = yield* program.ended
      expect([code, stderr]).toEqual([0, ""])
      expect(stdout).not.toContain(secret)
      expect(existsSync(join(cwd, "state/control.json"))).toBe(false)
      expect(readFileSync(join(cwd, "state/token"), "utf8").trim()).toBe(secret)
    }), 60_000)

  it.live(
    "read the trail of the program, whatever it is kept in, and say so; a named database is read itself",
    () =>
      Effect.gen(function*() {
        const { call, cwd, program } = yield* running
        const { url } = JSON.parse(readFileSync(join(cwd, "state/control.json"), "utf8"))
        const source = `Read from the running program at ${url}\n`
        const domains = yield* call(["domains"])
        expect(domains).toMatchObject({ code: 0, stderr: source })
        expect(domains.stdout).toMatch(/\nstore +active +\d+ /)
        const history = yield* call(["history", "--json", "--tick", "1", "--status", "active"])
        expect(history).toMatchObject({ code: 0, stderr: source })
        expect(JSON.parse(history.stdout).events.map((event: any) => event.domain)).toEqual(["shop", "store"])
        const story = yield* call(["domain", "doomed", "--json"])
        expect([story.code, JSON.parse(story.stdout).status]).toEqual([0, "crashed"])
        const boot = yield* call(["analyze", "boot", "--json"])
        expect([boot.code, boot.stderr]).toEqual([0, source])
        const wrong = yield* call(["history", "--cursor", "abc"])
        expect([wrong.code, wrong.stderr]).toEqual([2, `thunderline: "abc" is not a cursor of an earlier page\n`])

        const doctor = yield* call(["doctor"])
        expect(doctor.stdout).toMatch(/\nskipped +the database can be read, [^]*trail\s+in\s+memory/)
        const named = yield* call(["domains", "--database", "embedded"])
        expect(named).toMatchObject({ code: 0, stdout: "No domain has been recorded yet.\n" })
        expect(named.stderr).toMatch(/^Read from the trail: embedded database in /)
        const memory = yield* call(["domains", "--database", "memory"])
        expect([memory.code, memory.stdout]).toEqual([2, ""])
        yield* program.kill("SIGKILL")
        yield* program.ended
        const after = yield* call(["domains"])
        expect([after.code, after.stderr]).toEqual([0, expect.stringMatching(/^Read from the trail: /)])
        const port = yield* call(["domains", "--port", new URL(url).port])
        expect([port.code, port.stderr]).toEqual([4, expect.stringMatching(/^thunderline: No program answers at http/)])
      }),
    60_000
  )

  it.live("exit 4 when no program answers, saying where it was looked for", () =>
    Effect.gen(function*() {
      const cwd = yield* folder()
      for (const command of [["status"], ["restart", "store"]]) {
        const { code, stderr, stdout } = yield* run([...command, ...state, "--port", "1"], { cwd })
        expect([code, stdout]).toEqual([4, ""])
        expect(stderr).toMatch(/^thunderline: No program answers at http:\/\/127\.0\.0\.1:1: start one/)
      }
      const doctor = yield* run(["doctor", ...state, "--port", "1", "--database", "memory", "--json"], { cwd })
      expect(doctor.code).toBe(1)
      expect(JSON.parse(doctor.stdout)[0]).toMatchObject({ check: "the program answers", outcome: "failed" })
    }))

  it.live("refuse a token that is not the program's", () =>
    Effect.gen(function*() {
      const { cwd } = yield* running
      const env = { THUNDERLINE_TOKEN: "not-the-token-of-the-program" }
      const { code, stderr } = yield* run(["restart", "store", ...state], { cwd, env })
      expect([code, stderr]).toEqual([1, "thunderline: That is not the token\n"])
    }))
})

describe("thunderline start", () => {
  it.live("ends with 1 before anything has started when its port is taken or open to others without a token", () =>
    Effect.gen(function*() {
      const { cwd } = yield* running
      const { url } = JSON.parse(readFileSync(join(cwd, "state/control.json"), "utf8"))
      const port = new URL(url).port
      const taken = yield* run(["start", "app.ts", ...quick, "--port", port], { cwd })
      expect([taken.code, taken.stdout]).toEqual([1, ""])
      expect(taken.stderr).toMatch(`thunderline: Port ${port} on 127.0.0.1 is taken by another program`)
      const open = yield* run(["start", "app.ts", ...quick, "--host", "0.0.0.0"], { cwd })
      expect([open.code, open.stdout]).toEqual([1, ""])
      expect(open.stderr).toMatch(
        /^thunderline: Listening on 0\.0\.0\.0 is open to other machines: set THUNDERLINE_TOKEN/
      )
      const short = yield* run(["start", "app.ts", ...quick], { cwd, env: { THUNDERLINE_TOKEN: "short" } })
      expect([short.code, short.stderr]).toEqual(
        [1, "thunderline: THUNDERLINE_TOKEN must have at least 16 characters, and no spaces\n"]
      )
    }))

  it.live("listens nowhere with --no-http", () =>
    Effect.gen(function*() {
      const cwd = yield* folder({ "app.ts": app })
      const program = yield* thunderline(["start", "app.ts", ...quick, "--no-http"], { cwd })
      yield* program.says("Domain activated: shop")
      yield* program.kill("SIGTERM")
      const { code, stdout } = yield* program.ended
      expect(code).toBe(0)
      expect(stdout).not.toContain("ControlServer")
      expect(existsSync(join(cwd, "state/token"))).toBe(false)
    }))
})
