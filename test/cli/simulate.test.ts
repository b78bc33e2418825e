import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { appText, folder, run } from "./Process.ts"

describe("thunderline simulate", () => {
  it.live("tells an app's whole life in virtual time", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* run(["simulate", "examples/minimal.ts", "--ticks", "3600"])
      expect([code, stderr]).toEqual([0, ""])
      expect(stdout).toMatch(
        /^ {7}TIME {2}TICK {2}DOMAIN {3}MOVED TO {6}WHY\n {5}1\.000s {5}1 {2}greeter {2}activating {4}tick\n/
      )
      expect(stdout).toContain("60m 00.000s  3600  visitor  deactivating  shutdown\n")
      expect(stdout).toContain(
        "3600 ticks and the shutdown took 60m 00.000s of virtual time: 8 moves, 0 crashes, 0 restarts"
      )
    }))

  it.live("runs the domains that come with it with the faults of the examples, the same with the same seed", () =>
    Effect.gen(function*() {
      const args = ["simulate", "--faults", "examples/faults.json", "--ticks", "20"]
      const first = yield* run([...args, "--seed", "a", "--json"])
      const again = yield* run([...args, "--seed", "a", "--json"])
      const other = yield* run([...args, "--seed", "b", "--json"])
      expect([first.code, first.stderr]).toEqual([0, ""])
      expect(again.stdout).toBe(first.stdout)
      expect(other.stdout).not.toBe(first.stdout)
      const { domains, events, heartbeat, refused } = JSON.parse(first.stdout)
      expect(domains).toHaveLength(6)
      expect(domains.every((domain: { readonly status: string }) => domain.status === "active")).toBe(true)
      expect(heartbeat.tickCount).toBe(20)
      expect(refused).toEqual([{ tick: 6, message: "Domain thundergrid is active: it cannot activate" }])
      const crashed = events.filter((event: { readonly to: string }) => event.to === "crashed")
      expect(crashed.map((event: { readonly domain: string }) => event.domain)).toEqual([
        "thundergrid",
        "thunderbolt",
        "thunderflow"
      ])
      const text = yield* run(args)
      expect(text.stdout).toMatch(
        /3\.500s {5}3 {2}thunderbolt {3}crashed {7}failure of worker fault: FaultInjected: KillWorker/
      )
    }))

  it.live.each<readonly [name: string, text: string | undefined, message: string]>([
    ["missing.json", undefined, "missing.json: there is no such file"],
    ["syntax.json", "{", "syntax.json: no JSON: Expected property name"],
    ["list.json", "[]", "list.json: expected object"],
    ["key.json", `{"fault": []}`, `key.json: "fault": nothing of that name belongs here`],
    [
      "kind.json",
      `{"faults": [{"_tag": "Explode", "domain": "a"}]}`,
      `kind.json: "faults[0]._tag": expected one of Fail`
    ],
    ["number.json", `{"faults": [7]}`, `number.json: "faults[0]._tag": expected one of FailActivation, Slow`],
    ["ms.json", `{"faults": [{"_tag": "KillWorker", "domain": "a"}]}`, `ms.json: "faults[0].ms": it is missing`],
    [
      "negative.json",
      `{"faults": [{"_tag": "KillWorker", "domain": "a", "ms": -1}]}`,
      `negative.json: "faults[0].ms": expected a value greater than or equal to 0`
    ],
    [
      "move.json",
      `{"moves": [{"tick": 1, "domain": "a", "move": "explode"}]}`,
      `move.json: "moves[0].move": expected "restart" | "activate" | "deactivate"`
    ],
    [
      "domain.json",
      `{"moves": [{"tick": 1, "domain": "b", "move": "restart"}]}`,
      `domain.json: "moves[0].domain": there is no domain "b"; there are: a`
    ]
  ])("%s exits 1, named with what is wrong in it and what is right", ([name, text, message]) =>
    Effect.gen(function*() {
      const app = appText(`export const domains = [Domain.make("a", { layer: Layer.empty })]`)
      const cwd = yield* folder({ "app.ts": app, ...(text === undefined ? {} : { [name]: text }) })
      const { code, stderr, stdout } = yield* run(["simulate", "app.ts", "--faults", join(cwd, name)], { cwd })
      expect(stderr.trimEnd().split("\n")).toHaveLength(1)
      expect(stderr).toContain(message)
      expect([code, stdout]).toEqual([1, ""])
    }))
})
