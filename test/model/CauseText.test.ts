import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as CauseText from "../../src/model/CauseText.ts"
import { maxCauseLength } from "../../src/model/DomainEvent.ts"
import { int } from "../support/arbitraries.ts"
import * as Hostile from "../support/hostile.ts"

const bytes = (text: string) => new TextEncoder().encode(text).length

/** What PostgreSQL, a terminal and JSON all take. */
const assertText = (text: string) => {
  assert.isAtMost(bytes(text), maxCauseLength)
  assert.isTrue(text.isWellFormed())
  assert.notInclude(text, "\u0000")
  assert.notStrictEqual(text, "")
}

const assertRenders = (cause: Cause.Cause<unknown>) => {
  assertText(CauseText.render(cause))
  assert.match(CauseText.errorType(cause), /^[\w.$:/@-]{1,100}$/)
  const plain = CauseText.plain(cause)
  const text = CauseText.render(plain)
  assertText(text)
  // A renderer without limits comes to the same text.
  assert.strictEqual(Cause.pretty(plain).replaceAll(/\s+/g, ""), text.replaceAll(/\s+/g, ""))
  for (const error of Cause.prettyErrors(plain, { includeCauseInStack: true })) {
    for (const part of [error.name, error.message, error.stack!]) assert.isAtMost(bytes(part), maxCauseLength)
  }
}

class Refused extends Schema.TaggedError<Refused>()("Refused", { by: Schema.String }) {
  override get message() {
    return `Refused by ${this.by}`
  }
}

describe("CauseText", () => {
  it.effect.each(
    [
      ["an error", Effect.fail(new Error("boom"))],
      ["an error with causes", Effect.die(new Error("a", { cause: new TypeError("b", { cause: "c" }) }))],
      ["a message of several lines", Effect.fail(new Error("one\n  two\nthree"))],
      [
        "an error that is caused by itself",
        Effect.suspend(() => {
          const error = new Error("round")
          return Effect.fail(Object.assign(error, { cause: error }))
        })
      ],
      ["a tagged error", Effect.fail(new Refused({ by: "me" }))],
      ["a schema error", Schema.decodeUnknownEffect(Schema.Struct({ a: Schema.Int }))({ a: "x" })],
      [
        "an error from a traced function",
        Effect.fn("traced")(function*() {
          return yield* Effect.fail(new Error("inside"))
        })()
      ],
      ["a string", Effect.fail("text")],
      ["an empty string", Effect.fail("")],
      ["an object", Effect.fail({ code: 3, nested: { list: [1, "two", null] } })],
      ["an object with a message", Effect.fail({ message: "said", name: "Named" })],
      ["a date", Effect.fail(new Date(0))],
      ["undefined", Effect.fail(undefined)],
      ["several failures", Effect.all([Effect.fail("one"), Effect.die(new Error("two"))], { concurrency: 2 })],
      ["an interruption", Effect.interrupt],
      ["a failure and an interruption", Effect.failCause(Cause.combine(Cause.interrupt(7), Cause.fail("mine")))]
    ] satisfies ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>]>
  )("renders %s as Cause.pretty does", ([_, effect]) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(effect as Effect.Effect<unknown, unknown>)
      assert.isTrue(Exit.isFailure(exit))
      if (Exit.isFailure(exit)) assert.strictEqual(CauseText.render(exit.cause), Cause.pretty(exit.cause))
    }))

  it("renders a symbol, a function, a bigint and elements of bytes by what they are", () => {
    const text = (error: unknown) => CauseText.render(Cause.fail(error))
    assert.strictEqual(text(Symbol("mine")), "Error: Symbol(mine)")
    assert.strictEqual(text(function mine() {}), "Error: [Function: mine]")
    assert.strictEqual(text(12n), "Error: 12n")
    assert.strictEqual(text(new Uint8Array(40)), `Error: [${"0,".repeat(32)}"8 more"]`)
  })

  it("says which part of an error threw, and shows the others", () => {
    const error = Object.defineProperty(new TypeError("shown"), "cause", {
      get: () => {
        throw new Error("no")
      }
    })
    const text = CauseText.render(Cause.fail(error))
    assert.match(text, /^TypeError: shown\n {4}at /)
    assert.include(text, "[cause]: Error: [cause threw]")
  })

  it("shows the errors of an AggregateError", () => {
    const errors = [new TypeError("one\ntwo"), "three", ...Array.from({ length: 20 }, (_, i) => i)]
    const text = CauseText.render(Cause.fail(new AggregateError(errors, "several")))
    assert.match(text, /^AggregateError: several\n/)
    assert.include(text, "\n    [error 1 of 22]: TypeError: one two\n    [error 2 of 22]: three\n")
    assert.match(text, /\n {4}6 more errors$/)
  })

  it("says in its last line what it left out", () => {
    const last = (error: unknown) => CauseText.render(Cause.fail(error)).split("\n").at(-1)
    assert.strictEqual(last(Hostile.failures["a chain of 5,000"]!()), "(left out: at least 1000 nested causes)")
    assert.strictEqual(last(Hostile.failures["an endless chain"]!()), "(left out: at least 1000 nested causes)")
    assert.match(last(Hostile.failures["a message of 10 MB"]!())!, /^\(left out: 999\d{4} characters\)$/)
    const many = Cause.fromReasons(Array.from({ length: 1_000 }, (_, i) => Cause.makeFailReason(i)))
    assert.match(CauseText.render(many), /\n\(left out: 984 failures\)$/)
  })

  it("keeps what was only interrupted a cause of interruptions", () => {
    const cause = Cause.fromReasons(Array.from({ length: 1_000 }, (_, i) => Cause.makeInterruptReason(i)))
    assert.isTrue(Cause.hasInterruptsOnly(CauseText.plain(cause)))
    assert.match(CauseText.render(cause), /^InterruptError: All fibers interrupted without error \{/)
  })

  it("keeps failures failures and defects defects in a plain cause", () => {
    assert.isTrue(Cause.hasFails(CauseText.plain(Cause.fail("x"))))
    assert.isTrue(Cause.hasDies(CauseText.plain(Cause.die("x"))))
    assert.strictEqual(CauseText.toError(new Refused({ by: "me" })).name, "Refused")
  })

  it("renders an empty cause, and one that is none", () => {
    assert.strictEqual(CauseText.render(Cause.empty), "The cause is empty")
    assertRenders({
      get reasons(): never {
        throw new Error("no")
      }
    } as never)
    assertRenders(undefined as never)
  })

  it.each(Object.entries(Hostile.failures))("renders %s, in less than a second", (_, make) => {
    const error = make()
    const started = performance.now()
    for (const cause of [Cause.fail(error), Cause.die(error)]) assertRenders(cause)
    assert.isBelow(performance.now() - started, 1_000)
  })

  it.effect.prop(
    "renders whatever is made of these, as part of any cause",
    {
      errors: Arbitrary.array(Hostile.failure, { minLength: 1, maxLength: 3 }),
      kind: int(0, 2)
    },
    ({ errors, kind }) =>
      Effect.sync(() => {
        const reasons = errors.map((make) => kind === 0 ? Cause.makeFailReason(make()) : Cause.makeDieReason(make()))
        assertRenders(Cause.fromReasons(kind === 2 ? [Cause.makeInterruptReason(1), ...reasons] : reasons))
      }),
    { arbitrary: { runs: 100 } }
  )

  it.effect.prop(
    "keeps the beginning of any text, whole characters of it",
    { text: Schema.String },
    ({ text }) =>
      Effect.sync(() => {
        const kept = text.repeat(2_000).toWellFormed().replaceAll("\u0000", "")
        const clipped = CauseText.clip(text.repeat(2_000))
        if (kept !== "") assertText(clipped)
        assert.isTrue(kept.startsWith(clipped))
        assert.isTrue(clipped === kept || bytes(clipped) > maxCauseLength - 4)
      })
  )
})
