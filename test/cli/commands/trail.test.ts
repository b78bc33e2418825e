import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { appText, canBeFound, folder, root, run, start, thunderline } from "../Process.ts"

/** `back` loses a worker once, and takes `front` down with it. */
const app = appText(`
let generation = 0
const back = Domain.make("back", {
  layer: Layer.effectDiscard(Effect.andThen(Effect.sync(() => { generation++ }), Effect.sleep(40))),
  workers: {
    pump: Effect.suspend(() => generation > 1 ? Effect.never : Effect.delay(Effect.fail(new Error("dry\\nwell\\nagain\\nand again")), 2_000))
  }
})
const front = Domain.make("front", { dependsOn: [back], layer: Layer.effectDiscard(Effect.sleep(20)) })
export const domains = [front, back]
`)

const state = ["--state-dir", "state"]

const fromTrail = /^Read from the trail: embedded database in \/\S+\/state\n$/

describe("the trail from the command line", () => {
  it.live("is followed while the program lives, and tells afterwards what happened", () =>
    Effect.gen(function*() {
      const cwd = yield* folder({ "app.ts": app })
      const program = yield* thunderline(["start", "app.ts", "--interval", "100ms", ...state], { cwd })
      yield* canBeFound(join(cwd, "state"))
      const follower = yield* thunderline(["events", "--follow", "--json", ...state], { cwd })
      const lines = yield* thunderline(["events", "-f", "--status", "crashed", ...state], { cwd })
      yield* follower.tells("Following the running program")
      yield* follower.says(`"to":"crashed"`)
      yield* lines.says("failure of worker pump: Error: dry")
      yield* follower.says(`"domain":"front","generation":2`)
      yield* program.kill("SIGTERM")
      yield* program.ended
      yield* follower.says(`"to":"inactive"`)
      yield* follower.kill("SIGINT")
      const followed = yield* follower.ended
      assert.strictEqual(followed.code, 130)
      // The program ends the stream before its domains are inactive: those transitions are read from the trail.
      assert.match(
        followed.stderr,
        /^Following the running program at http:\/\/127\.0\.0\.1:\d+\nFollowing the trail: embedded database in \S+\n$/
      )
      const heard = followed.stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
      yield* lines.kill("SIGKILL")
      yield* lines.ended

      // Every transition was heard, once and in order, for as long as it was listened to.
      const page = yield* run(["history", "--json", ...state], { cwd })
      const { events } = JSON.parse(page.stdout)
      assert.deepStrictEqual(heard, events.toReversed().slice(0, heard.length))
      assert.isAtLeast(heard.length, 8)

      const ticks = yield* run(["history", "--tick", "..1", "--csv", ...state], { cwd })
      const [, ...rows] = ticks.stdout.trimEnd().split("\n")
      const early = events.filter(({ tick }: { readonly tick: number }) => tick <= 1)
      assert.deepStrictEqual(
        rows.map((row) => row.split(",").at(-1)),
        early.map(({ id }: { readonly id: string }) => id)
      )
      assert.match(rows.at(-1)!, /^[^,]+,[^,]+,1,1,0,back,1,waiting,activating,tick,/)
      const none = yield* run(["history", "--run", "nonsense", ...state], { cwd })
      assert.strictEqual(none.stdout, "Nothing has been recorded that matches.\n")
      const past = yield* run(["history", "--until", "1 hour", "--json", ...state], { cwd })
      assert.deepStrictEqual(JSON.parse(past.stdout), { events: [], next: null })

      const story = yield* run(["domain", "back", ...state], { cwd })
      assert.strictEqual(story.code, 0)
      assert.match(story.stderr, fromTrail)
      assert.match(story.stdout, /^back {2}inactive\n {2}generation 2, at tick \d+, last activated /)
      assert.include(story.stdout, "  1 crash, 1 restart\n")
      assert.match(
        story.stdout,
        /generation 1: failure of worker pump\n {4}Error: dry\n {4}well\n {4}again\n {4}… \d more lines: --full\n/
      )
      assert.match(story.stdout, / {4}took down front\n {4}restart 1 after \d+ms\n/)
      const full = yield* run(["domain", "back", "--full", ...state], { cwd })
      assert.notInclude(full.stdout, "--full")
      assert.isAbove(full.stdout.split("\n").length, story.stdout.split("\n").length)
      const other = yield* run(["domain", "front", "--json", ...state], { cwd })
      assert.containsSubset(JSON.parse(other.stdout), { status: "inactive", restarts: 0, crashes: [] })
      assert.containsSubset(JSON.parse(other.stdout).takenDown, [{ by: "back" }, { by: null }])
      const unknown = yield* run(["domain", "middle", ...state], { cwd })
      assert.containsSubset(unknown, {
        code: 1,
        stderr: `thunderline: The trail knows no domain "middle"; it knows: back, front\n`
      })

      const boot = yield* run(["analyze", "boot", "--json", "--svg", "boot.svg", "--what-if", "back=0", ...state], {
        cwd
      })
      assert.strictEqual(boot.code, 0)
      assert.match(boot.stderr, fromTrail)
      const analysis = JSON.parse(boot.stdout)
      assert.deepStrictEqual(analysis.blame, ["back", "front"])
      assert.deepStrictEqual(analysis.chain.map((link: { readonly domain: string }) => link.domain), ["back", "front"])
      const [back] = analysis.domains
      assert.isAtLeast(back.ownMs, 40)
      assert.isAbove(back.startMs, 0)
      assert.approximately(analysis.predicted.totalMs, analysis.totalMs - back.ownMs, 0.5e-6)
      const svg = readFileSync(join(cwd, "boot.svg"), "utf8")
      assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^]*<title>back: own work [^]*<\/svg>\n$/)
      const text = yield* run(["analyze", "boot", ...state], { cwd })
      assert.match(
        text.stdout,
        /Critical chain\n {2}back +\d+ms own work \+ \S+ start \+ \S+ to tick 1\n {2}front +\d+ms own work/
      )
      const nobody = yield* run(["analyze", "boot", "--what-if", "middle=0", ...state], { cwd })
      assert.strictEqual(nobody.code, 1)
      assert.match(
        nobody.stderr,
        /^Read from the trail: .*\nthunderline: --what-if: no domain "middle" became active in that run; there were: back, front\n$/
      )
    }), 60_000)

  it.live("of nothing is told as that", () =>
    Effect.gen(function*() {
      const cwd = yield* folder()
      const boot = yield* run(["analyze", "boot", ...state], { cwd })
      assert.containsSubset(boot, {
        code: 1,
        stdout: "",
        stderr: "thunderline: The trail holds no run yet in which a domain came up\n"
      })
      const domain = yield* run(["domain", "a", ...state], { cwd })
      assert.containsSubset(domain, {
        code: 1,
        stderr: `thunderline: The trail knows no domain "a"; nothing has been recorded yet\n`
      })
      const events = yield* run(["events", "--csv", ...state], { cwd })
      assert.match(events.stdout, /^occurred_at,run_id,tick,[^\n]*\n$/)
    }))

  it.live("is written only as long as somebody reads it, but for the program's own log", () =>
    Effect.gen(function*() {
      const cwd = yield* folder({ "app.ts": app })
      const main = join(root, "layers/main.ts")
      const shell = (line: string) => Effect.flatMap(start("bash", ["-c", line], { cwd }), (process) => process.ended)
      const many = yield* shell(
        `${process.execPath} ${main} simulate app.ts --ticks 9999 --interval 1ms --json | head -1; echo "\${PIPESTATUS[@]}"`
      )
      assert.containsSubset(many, { stderr: "", stdout: "{\n0 0\n" })
      // A reader that ran the embedded server itself takes it along.
      yield* shell(`timeout -s TERM 3 ${process.execPath} ${main} start app.ts --interval 100ms --state-dir state`)
      const read = yield* shell(
        `${process.execPath} ${main} history --csv --state-dir state | head -1; echo "\${PIPESTATUS[@]}"`
      )
      assert.match(read.stderr, fromTrail)
      assert.match(read.stdout, /^occurred_at.*\n0 0\n$/)
      const server = yield* shell("cat state/postgres/postmaster.pid")
      assert.strictEqual(server.code, 1)
      const log = yield* shell(
        `timeout -s TERM 4 ${process.execPath} ${main} start app.ts --interval 10ms --database memory | head -1; ` +
          `echo "\${PIPESTATUS[@]}"`
      )
      assert.match(log.stdout, /Started and subscribed to system events\n124 0\n$/)
    }))

  it.live("is followed from before there is one", () =>
    Effect.gen(function*() {
      const cwd = yield* folder({ "app.ts": app })
      const follower = yield* thunderline(["events", "--follow", ...state], { cwd })
      const program = yield* thunderline(["start", "app.ts", "--interval", "100ms", ...state], { cwd })
      yield* program.says("Domain activated: front")
      yield* follower.says("front         active        activated in")
      yield* follower.tells("Following the running program")
      yield* follower.kill("SIGINT")
      yield* program.kill("SIGTERM")
      assert.strictEqual((yield* program.ended).code, 0)
      assert.match(
        (yield* follower.ended).stderr,
        /^Following the trail: .*\nFollowing the running program at .*\n(Following the trail: .*\n)?$/
      )
    }))
})
