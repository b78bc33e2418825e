import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import * as ScriptFile from "../../../src/cli/flags/ScriptFile.ts"
import { folder } from "../Process.ts"

const reading = Effect.fnUntraced(function*(name: string, text: string | undefined) {
  const file = join(yield* folder(text === undefined ? {} : { [name]: text }), name)
  return yield* ScriptFile.read(file, ["a"])
}, Effect.provide(NodeServices.layer))

describe("ScriptFile", () => {
  it.effect("reads faults and operations, each of which may be left out", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* reading("empty.json", "{}"), { faults: [], operations: [] })
      const fault = { _tag: "KillWorker", domain: "a", generation: 2, ms: 100 } as const
      const operation = { tick: 1, domain: "a", operation: "restart" } as const
      const script = { faults: [fault], operations: [operation] }
      assert.deepStrictEqual(yield* reading("full.json", JSON.stringify(script)), script)
    }))

  it.effect.each<readonly [name: string, text: string | undefined, message: string]>([
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
      "operation.json",
      `{"operations": [{"tick": 1, "domain": "a", "operation": "explode"}]}`,
      `operation.json: "operations[0].operation": expected "restart" | "activate" | "deactivate"`
    ],
    [
      "domain.json",
      `{"operations": [{"tick": 1, "domain": "b", "operation": "restart"}]}`,
      `domain.json: "operations[0].domain": there is no domain "b"; there are: a`
    ]
  ])("says what is wrong with %s, where, and what is right", ([name, text, message]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(reading(name, text))
      assert.include(error.message, message)
    }))
})
