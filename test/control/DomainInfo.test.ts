import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as DomainInfo from "../../src/control/DomainInfo.ts"
import type { DomainView } from "../../src/heartbeat/DomainRegistry.ts"
import { DomainStatus } from "../../src/model/DomainStatus.ts"
import { tick } from "../support/values.ts"

const view = (status: DomainStatus, fields?: Partial<DomainView>): DomainView => ({
  name: "one",
  status,
  since: 1_000,
  activatedAt: null,
  activationTick: 1,
  generation: 2,
  lastTick: 3,
  dependsOn: ["a"],
  after: [],
  criticality: "required",
  health: null,
  blockedBy: ["a"],
  ...fields
})

const opening = { tick: tick(3), wave: 1 }

describe("where a domain stands", () => {
  it.effect.prop(
    "is encoded as its schema encodes it",
    { list: DomainInfo.DomainList },
    ({ list }) =>
      Effect.gen(function*() {
        const encoded = yield* Schema.encodeEffect(Schema.toCodecJson(DomainInfo.DomainList))(list)
        assert.deepStrictEqual(JSON.parse(DomainInfo.encodeList(list)), JSON.parse(JSON.stringify(encoded)))
      })
  )

  it("has of each state what that state has", () => {
    const at = DateTime.makeUnsafe(5_000)
    const none = { opening: null, cause: null, restart: null }
    const delay = Duration.seconds(1)
    const expected: ReadonlyArray<readonly [DomainStatus, object]> = [
      [DomainStatus.waiting(), none],
      [DomainStatus.activating({ opening }), { ...none, opening: { tick: 3, wave: 1 } }],
      [DomainStatus.active({ opening }), { ...none, opening: { tick: 3, wave: 1 } }],
      [DomainStatus.deactivating({ target: "inactive", reason: "operator" }), none],
      [DomainStatus.inactive(), none],
      [DomainStatus.crashed({ cause: "bad" }), { ...none, cause: "bad" }],
      [
        DomainStatus.restarting({ attempt: 2, delay, at: 5_000, cause: "bad" }),
        { opening: null, cause: "bad", restart: { attempt: 2, delayMs: 1_000, at } }
      ]
    ]
    for (const [status, fields] of expected) {
      assert.deepStrictEqual<unknown>(DomainInfo.fromView(view(status, { activatedAt: 2_000 })), {
        ...view(status),
        status: status._tag,
        since: DateTime.makeUnsafe(1_000),
        activatedAt: DateTime.makeUnsafe(2_000),
        ...fields
      })
    }
  })
})
