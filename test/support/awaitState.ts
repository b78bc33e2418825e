import * as Effect from "effect/Effect"

/**
 * Lets the other fibers run until a state holds. Time does not pass: what only a timer or another tick would bring
 * about is reported as a defect that names what was awaited.
 */
export const awaitState = <E, R>(what: string, holds: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.gen(function*() {
    for (let turn = 0; turn < 20_000; turn++) {
      if (yield* holds) return
      yield* Effect.yieldNow
    }
    return yield* Effect.die(new Error(`It never came to this: ${what}`))
  })

/** Lets the other fibers run until they have surely done what they can without time passing. */
export const settle: Effect.Effect<void> = Effect.gen(function*() {
  for (let turn = 0; turn < 200; turn++) yield* Effect.yieldNow
})
