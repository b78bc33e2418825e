import { defineConfig } from "vitest/config"

/** What needs more time, or more on the machine, than the suite of every day: `vitest run --config vitest.slow.config.ts`. */
export default defineConfig({
  test: {
    include: ["test/slow/**/*.test.ts"],
    testTimeout: 240_000,
    hookTimeout: 120_000,
    // They measure times and memory: one after the other.
    fileParallelism: false
  }
})
