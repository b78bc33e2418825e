import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { appText, folder, run, start, thunderline } from "../Process.ts"

const app = appText(`export const domains = [Domain.make("steady", { layer: Layer.empty })]`)
const quick = ["--interval", "20ms", "--database", "memory"]

describe("thunderline start", () => {
  it.live.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "deactivates its domains and exits 0 after %s",
    (signal) =>
      Effect.gen(function*() {
        const cwd = yield* folder({ "app.ts": app })
        const program = yield* thunderline(["start", "app.ts", ...quick], { cwd })
        yield* program.says("[DomainRegistry] Domain activated: steady")
        yield* program.kill(signal)
        const { code, stderr, stdout } = yield* program.ended
        assert.deepStrictEqual([code, stderr], [0, ""])
        assert.match(stdout, /Domain activated: steady[^]*Domain deactivated: steady[^]*\[Thunderline\] Stopped\n$/)
      })
  )

  it.live("runs the six domains when it is given no app", () =>
    Effect.gen(function*() {
      const program = yield* thunderline(["start", ...quick])
      yield* program.says("Domain activated: thundercrown")
      yield* program.says("Domain activated: thundergrid")
      yield* program.kill("SIGTERM")
      const { code, stderr, stdout } = yield* program.ended
      assert.lengthOf(stdout.match(/Domain activated: /g) ?? [], 6)
      assert.deepStrictEqual([code, stderr], [0, ""])
    }))

  it.live("ends at once with 130 at a second signal, whatever is still closing", () =>
    Effect.gen(function*() {
      const layer = "Layer.effectDiscard(Effect.acquireRelease(Effect.void, () => Effect.never))"
      const stuck = appText(`export const domains = [Domain.make("stuck", { layer: ${layer} })]`)
      const cwd = yield* folder({ "app.ts": stuck })
      const program = yield* thunderline(["start", "app.ts", ...quick], { cwd })
      yield* program.says("Domain activated: stuck")
      yield* program.kill("SIGINT")
      yield* program.says("[Stuck] Deactivating")
      const { code } = yield* Effect.raceFirst(
        program.ended,
        Effect.andThen(Effect.repeat(program.kill("SIGINT"), Schedule.spaced("20 millis")), Effect.never)
      )
      assert.strictEqual(code, 130)
    }))

  it.live("abandons a clean-up that hangs at its deadline, names it, and exits 0", () =>
    Effect.gen(function*() {
      const layer = "Layer.effectDiscard(Effect.acquireRelease(Effect.void, () => Effect.never))"
      const stuck = appText(
        `export const domains = [Domain.make("stuck", { layer: ${layer}, shutdownTimeout: "500 millis" })]`
      )
      const cwd = yield* folder({ "app.ts": stuck })
      const program = yield* thunderline(["start", "app.ts", ...quick], { cwd })
      yield* program.says("Domain activated: stuck")
      yield* program.kill("SIGTERM")
      const [took, { code, stdout }] = yield* Effect.timed(program.ended)
      assert.include(stdout, "[Stuck] Shutdown exceeded shutdownTimeout (500ms); abandoned")
      assert.strictEqual(code, 0)
      console.log(`A clean-up that hangs, with a deadline of 500 ms: the process ended after ${Duration.format(took)}`)
    }))

  it.live("abandons a layer of the app's own that hangs, names what is left, and exits as it would have", () =>
    Effect.gen(function*() {
      const ends = {
        0: `Domain.make("steady", { layer: Layer.empty })`,
        70:
          `Domain.make("failing", { layer: Layer.effectDiscard(Effect.fail("no")), restart: "never", escalate: true })`
      }
      for (const [code, domain] of Object.entries(ends)) {
        const app = appText(`
          const layer = Layer.effectDiscard(Effect.acquireRelease(Effect.void, () => Effect.never))
          export default Thunderline.app({ domains: [${domain}], layer })
        `)
        const cwd = yield* folder({ "app.ts": app })
        const program = yield* thunderline(["start", "app.ts", "--shutdown-timeout", "1s", ...quick], { cwd })
        if (code === "0") {
          yield* program.says("Domain activated: steady")
          yield* program.kill("SIGTERM")
        }
        const ended = yield* program.ended
        assert.include(
          ended.stdout,
          "[Thunderline] Shutdown exceeded shutdownTimeout (1s); abandoned: a layer of the app's own"
        )
        assert.strictEqual(ended.code, Number(code), ended.stdout)
      }
    }))

  it.live("a synchronous loop of two seconds makes no other domain silent", () =>
    Effect.gen(function*() {
      const blocking = `Domain.make("blocking", { layer: Layer.empty, onTick: (tick) => Effect.sync(() => {
        const end = performance.now() + (tick.count === 5 ? 2000 : 0)
        while (performance.now() < end);
      }) })`
      const other = (name: string) =>
        `Domain.make("${name}", { layer: Layer.empty,
        onTick: (tick) => tick.count === 12 ? Effect.log("still here") : Effect.sleep("5 millis") })`
      const cwd = yield* folder({
        "app.ts": appText(`export const domains = [${other("before")}, ${blocking}, ${other("behind")}]`)
      })
      const program = yield* thunderline(["start", "app.ts", "--interval", "100ms", "--database", "memory"], { cwd })
      yield* program.says("still here")
      yield* program.kill("SIGTERM")
      const { stdout } = yield* program.ended
      assert.notInclude(stdout, "Crashed")
    }))

  it.live("exits 70 after an orderly end when a domain escalates", () =>
    Effect.gen(function*() {
      const failing = `Domain.make("failing", { layer: Layer.effectDiscard(Effect.fail(new Error("no luck"))), ` +
        `restart: "never", escalate: true })`
      const cwd = yield* folder({ "app.ts": appText(`export const domains = [${failing}]`) })
      const { code, stderr } = yield* run(["start", "app.ts", ...quick], { cwd })
      assert.match(stderr, /^thunderline: Domain failing is crashed for good and ends the program: .*no luck.*\n$/)
      assert.strictEqual(code, 70)
    }))

  it.live("is ended by a signal that npm passes on", () =>
    Effect.gen(function*() {
      const program = yield* start("npm", ["start", "--", "examples/minimal.ts", ...quick])
      yield* program.says("Domain activated: visitor")
      yield* program.kill("SIGTERM")
      const { code, stdout } = yield* program.ended
      assert.include(stdout, "[Thunderline] Stopped")
      assert.strictEqual(code, 0)
    }))

  it.live("writes nothing but JSON to standard output with --log-format json, and no colours anywhere but a terminal", () =>
    Effect.gen(function*() {
      const cwd = yield* folder({ "app.ts": app })
      const program = yield* thunderline(["start", "app.ts", ...quick, "--log-format", "json"], { cwd })
      yield* program.says("Domain activated: steady")
      yield* program.kill("SIGTERM")
      const { stdout } = yield* program.ended
      const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
      assert.isTrue(lines.every(({ level }) => level === "INFO"))
      assert.notInclude(stdout, "\u001b")
    }))
})

const fromTrail = /^Read from the trail: embedded database in \/\S+\/state\n$/

describe("the trail of a program", () => {
  it.live("is read while the program runs, and after it was killed", () =>
    Effect.gen(function*() {
      const cwd = yield* folder({ "app.ts": app })
      const state = ["--state-dir", "state"]
      const nothing = yield* run(["domains", ...state], { cwd })
      assert.containsSubset(nothing, { code: 0, stdout: "No domain has been recorded yet.\n" })
      assert.match(nothing.stderr, fromTrail)

      const program = yield* thunderline(["start", "app.ts", "--interval", "20ms", ...state], { cwd })
      yield* program.says("Domain activated: steady")
      const recorded = yield* run(["domains", ...state], { cwd }).pipe(
        Effect.repeat({ until: ({ stdout }) => /^steady +active/m.test(stdout), schedule: Schedule.recurs(20) })
      )
      assert.match(
        recorded.stdout,
        /^DOMAIN {2}STATUS {2}TICK {2}ACTIVATED \(UTC\) {6}CHANGED \(UTC\)\nsteady {2}active /
      )

      const second = yield* run(["start", "app.ts", ...state], { cwd })
      assert.strictEqual(second.code, 1)
      assert.match(second.stderr, /^thunderline: The state folder .* is in use by process \d+: stop that one first/)

      yield* program.kill("SIGKILL")
      yield* program.ended
      const page = yield* run(["history", "--domain", "steady", "--limit", "1", "--json", ...state], { cwd })
      assert.strictEqual(page.code, 0)
      assert.match(page.stderr, fromTrail)
      const { events, next } = JSON.parse(page.stdout)
      assert.containsSubset(events, [{ domain: "steady", from: "activating", to: "active", reason: "activated" }])
      const rest = yield* run(["history", "--cursor", next, ...state], { cwd })
      assert.match(rest.stdout, /steady {2}activating {8}tick/)
      const wrong = yield* run(["history", "--cursor", "nonsense", ...state], { cwd })
      assert.containsSubset(wrong, { code: 2, stderr: `thunderline: "nonsense" is not a cursor of an earlier page\n` })

      const migrated = yield* run(["migrate", "--schema", "another", "--json", ...state], { cwd })
      assert.notDeepEqual(JSON.parse(migrated.stdout).applied, [])
      const upToDate = yield* run(["migrate", "--schema", "another", ...state], { cwd })
      assert.strictEqual(upToDate.stdout, "Schema another is up to date.\n")
    }))
})
