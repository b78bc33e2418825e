import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as RestartPolicy from "../../src/model/RestartPolicy.ts"

/** The cause of reading a variable that is not set. */
const causeOf = <E>(effect: Effect.Effect<unknown, E>): Cause.Cause<E> => {
  const exit = Effect.runSyncExit(
    Effect.provideService(effect, ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: {} }))
  )
  assert.isTrue(Exit.isFailure(exit))
  return (exit as Exit.Failure<unknown, E>).cause
}

const missing = Config.String("PORT")
const error = Cause.squash(causeOf(missing)) as Config.ConfigError

class Refused extends Schema.TaggedError<Refused>()("Refused", { cause: Schema.Defect() }) {}

const wrapped = (depth: number): unknown =>
  depth === 0 ? error : new Error(`level ${depth}`, { cause: wrapped(depth - 1) })

const circle = new Error("circle")
circle.cause = circle

const proxy = new Proxy({}, {
  get: () => {
    throw new Error("get")
  },
  getPrototypeOf: () => {
    throw new Error("getPrototypeOf")
  },
  has: () => {
    throw new Error("has")
  }
})

describe("RestartPolicy.isRetryable", () => {
  it.each<readonly [string, Cause.Cause<unknown>]>([
    ["a failure", causeOf(missing)],
    ["the failure of a layer", causeOf(Effect.scoped(Layer.build(Layer.effectDiscard(missing))))],
    ["a defect", causeOf(Effect.orDie(missing))],
    ["another error's cause", Cause.fail(new Refused({ cause: error }))],
    ["an error's cause, 20 errors deep", Cause.die(wrapped(20))],
    ["one of several failures", Cause.combine(Cause.fail("no socket"), Cause.die(error))],
    ["one of an AggregateError", Cause.die(new AggregateError([new Error("one"), wrapped(1)]))],
    ["a cause within an error", Cause.fail({ cause: causeOf(missing) })],
    [
      "an error beside one that throws when it is looked at",
      Cause.fromReasons([Cause.makeDieReason(proxy), Cause.makeFailReason(error)])
    ]
  ])("is false for a ConfigError as %s", (_, cause) => {
    assert.isFalse(RestartPolicy.isRetryable(cause))
  })

  it.each<readonly [string, Cause.Cause<unknown>]>([
    ["a failure", Cause.fail("no socket")],
    ["a defect", Cause.die(new Error("no socket", { cause: "no route" }))],
    ["an interruption", Cause.interrupt(1)],
    ["nothing", Cause.empty],
    ["an error of another library with the same name", Cause.fail({ _tag: "ConfigError", name: "ConfigError" })],
    ["a circle", Cause.die(circle)],
    ["a chain of 5,000 errors", Cause.die(wrapped(5_000))],
    ["10,000 failures", Cause.fromReasons(Array.from({ length: 10_000 }, () => Cause.makeFailReason("no socket")))],
    ["null", Cause.die(null)],
    ["an error that throws when it is looked at", Cause.die(proxy)]
  ])("is true for %s", (_, cause) => {
    assert.isTrue(RestartPolicy.isRetryable(cause))
  })
})
