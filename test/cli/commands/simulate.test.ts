import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { appText, folder, run } from "../Process.ts"

const app = appText(`export const domains = [Domain.make("a", { layer: Layer.empty })]`)

describe("thunderline simulate", () => {
  it.live("tells an app's whole life in virtual time", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(["simulate", "examples/minimal.ts", "--ticks", "3600"])
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.match(
        stdout,
        /^ {7}TIME {2}TICK {2}DOMAIN {3}STATE {9}WHY\n {5}1\.000s {5}1 {2}greeter {2}activating {4}tick\n/
      )
      assert.include(stdout, "60m 00.000s  3600  visitor  deactivating  shutdown\n")
      assert.include(
        stdout,
        "3,600 ticks and the shutdown took 60m 00.000s of virtual time.\n8 transitions, 0 crashes, 0 restarts. Before"
      )
    }))

  it.live("runs the domains that come with it with the faults of the examples, the same with the same seed", () =>
    Effect.gen(function*() {
      const args = ["simulate", "--faults", "examples/faults.json", "--ticks", "20"]
      const first = yield* run([...args, "--seed", "a", "--json"])
      const again = yield* run([...args, "--seed", "a", "--json"])
      const other = yield* run([...args, "--seed", "b", "--json"])
      assert.deepStrictEqual([first.code, first.stderr], [0, ""])
      assert.strictEqual(again.stdout, first.stdout)
      assert.notStrictEqual(other.stdout, first.stdout)
      const { domains, events, heartbeat, refused } = JSON.parse(first.stdout)
      assert.lengthOf(domains, 6)
      assert.isTrue(domains.every((domain: { readonly status: string }) => domain.status === "active"))
      assert.strictEqual(heartbeat.tickCount, 20)
      assert.deepStrictEqual(refused, [{ tick: 6, message: "Domain thundergrid is active: it cannot activate" }])
      const crashed = events.filter((event: { readonly to: string }) => event.to === "crashed")
      assert.deepStrictEqual(crashed.map((event: { readonly domain: string }) => event.domain), [
        "thundergrid",
        "thunderbolt",
        "thunderflow"
      ])
      const text = yield* run(args)
      assert.match(
        text.stdout,
        /3\.500s {5}3 {2}thunderbolt {3}crashed {7}failure of worker fault: FaultInjected: KillWorker/
      )
    }))

  it.live("exits 1 and names what is wrong in the file with the faults", () =>
    Effect.gen(function*() {
      const cwd = yield* folder({ "app.ts": app, "faults.json": `{"faults": [{"_tag": "KillWorker", "domain": "a"}]}` })
      const { code, stderr, stdout } = yield* run(["simulate", "app.ts", "--faults", "faults.json"], { cwd })
      assert.strictEqual(stderr, `thunderline: faults.json: "faults[0].ms": it is missing\n`)
      assert.deepStrictEqual([code, stdout], [1, ""])
    }))
})
