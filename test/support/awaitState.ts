import * as Effect from "effect/Effect"

/** Lets the other fibers run, without moving the clock, until a state holds; fails when it does not come. */
export const awaitState = <E, R>(name: string, holds: Effect.Effect<boolean, E, R>): Effect.Effect<void, E, R> =>
  Effect.gen(function*() {
    for (let i = 0; i < 10_000; i++) {
      if (yield* holds) return
      yield* Effect.yieldNow
    }
    return yield* Effect.die(new Error(`This state did not come: ${name}`))
  })

/** Lets the other fibers run until they have nothing more to do at this moment of the clock. */
export const idle: Effect.Effect<void> = Effect.gen(function*() {
  for (let i = 0; i < 200; i++) yield* Effect.yieldNow
})
