import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Formatter from "effect/Formatter"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

/** An expectation of a contract does not hold. */
export class ContractViolated extends Schema.TaggedError<ContractViolated>()("ContractViolated", {
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

const show = (value: unknown) => Formatter.format(value, { space: 2 })

const expected = (holds: boolean, actual: unknown, expected: unknown): Effect.Effect<void, ContractViolated> =>
  holds
    ? Effect.void
    : Effect.fail(new ContractViolated({ detail: `expected ${show(expected)}\nbut found ${show(actual)}` }))

/** Fails unless two values are equal in every part. */
export const equal = <A>(actual: A, value: A): Effect.Effect<void, ContractViolated> =>
  expected(Equal.equals(actual, value), actual, value)

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  Predicate.isObject(value) && Object.getPrototypeOf(value) === Object.prototype

const matching = (actual: unknown, part: unknown): boolean =>
  Array.isArray(part)
    ? Array.isArray(actual) && actual.length === part.length && part.every((one, i) => matching(actual[i], one))
    : isPlain(part)
    ? Object.entries(part).every(([key, value]) => Predicate.hasProperty(actual, key) && matching(actual[key], value))
    : Equal.equals(actual, part)

/** Fails unless a value has every part of another. It may have more. */
export const matches = (actual: unknown, part: unknown): Effect.Effect<void, ContractViolated> =>
  expected(matching(actual, part), actual, part)

/** The value, if there is one; fails otherwise. */
export const some = <A>(value: Option.Option<A> | A | undefined): Effect.Effect<A, ContractViolated> => {
  const found = Option.isOption(value) ? Option.getOrUndefined(value) : value
  return found === undefined ? Effect.fail(new ContractViolated({ detail: "expected a value" })) : Effect.succeed(found)
}

/** Fails unless a property holds for values of a schema; reports the smallest counterexample found. */
export const always = <S extends Schema.Constraint, E, R>(
  schema: S,
  property: (value: S["Type"]) => Effect.Effect<void, E, R>
): Effect.Effect<void, ContractViolated, R> =>
  Arbitrary.checkEffect(Arbitrary.schema(schema), (value) => Effect.as(property(value), true), { runs: 40 }).pipe(
    Effect.flatMap((result) => {
      const detail = Arbitrary.formatCheckFailure(result)
      return detail === undefined ? Effect.void : Effect.fail(new ContractViolated({ detail }))
    })
  )
