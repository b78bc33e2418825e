import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

/** The functions of a test runner; `node:test` calls the last two `before` and `after`. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (title: string, body: () => Promise<void>) => unknown
  readonly beforeAll: (body: () => Promise<void>) => unknown
  readonly afterAll: (body: () => Promise<void>) => unknown
}

/** Runs laws, by their titles, as the tests of an adapter. The layer is built once for all of them. */
export const run = <R, E>(
  name: string,
  layer: Layer.Layer<R, E>,
  laws: Readonly<Record<string, Effect.Effect<void, unknown, R>>>,
  runner: Runner
): void => {
  runner.describe(name, () => {
    const runtime = ManagedRuntime.make(layer)
    runner.beforeAll(async () => {
      await runtime.context()
    })
    runner.afterAll(() => runtime.dispose())
    for (const [title, law] of Object.entries(laws)) runner.it(title, () => runtime.runPromise(law))
  })
}
