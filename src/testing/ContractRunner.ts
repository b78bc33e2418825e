import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"

/** The functions of a test runner, such as Vitest, Jest or `node:test`. */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (title: string, body: () => Promise<void>) => unknown
}

/** Runs laws, by their titles, as the tests of an adapter. The layer is built once for all; the last test closes it. */
export const run = <R, E>(
  name: string,
  layer: Layer.Layer<R, E>,
  laws: Readonly<Record<string, Effect.Effect<void, unknown, R>>>,
  runner: Runner
): void => {
  runner.describe(name, () => {
    const runtime = ManagedRuntime.make(layer)
    runner.it("starts", async () => {
      await runtime.context()
    })
    for (const [title, law] of Object.entries(laws)) runner.it(title, () => runtime.runPromise(law))
    runner.it("closes", () => runtime.dispose())
  })
}
