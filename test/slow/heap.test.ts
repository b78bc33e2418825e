import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { start } from "../cli/Process.ts"

describe("memory", () => {
  it.live("10,000 crashes and restarts leave the heap as it was, within 5 MB", () =>
    Effect.gen(function*() {
      const child = yield* start(process.execPath, ["--expose-gc", "test/support/restartForever.ts"])
      const { code, stderr, stdout } = yield* child.ended
      assert.deepStrictEqual([code, stderr], [0, ""])
      const { generation, heaps }: { generation: number; heaps: ReadonlyArray<number> } = JSON.parse(stdout)
      assert.isAtLeast(generation, 11_000)
      const growth = heaps.at(-1)! - heaps[0]!
      console.log(`${generation} generations: the heap grew by ${Math.round(growth / 1024)} KiB after the first 1,000`)
      assert.isBelow(growth, 5 * 1024 * 1024)
    }), 120_000)
})
