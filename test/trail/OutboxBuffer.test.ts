import { assert, describe, it } from "@effect/vitest"
import { OutboxBuffer } from "../../src/trail/OutboxBuffer.ts"
import { event } from "../support/values.ts"

const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => event(from + i))

describe("OutboxBuffer", () => {
  it("gives again what was taken and neither committed nor refused, with the gap before it", () => {
    const buffer = new OutboxBuffer(4)
    buffer.offer(events(1, 6))
    assert.deepStrictEqual(buffer.take(3), events(3, 5))
    const gap = buffer.gapBefore
    assert.deepInclude(gap, { dropped: 2, lastId: event(2).id })
    assert.deepStrictEqual([buffer.take(3), buffer.gapBefore], [events(3, 5), gap])
    buffer.commit(1)
    buffer.refuse("bad")
    assert.deepStrictEqual(buffer.take(3), events(5, 5))
    assert.deepInclude(buffer.gapBefore, { dropped: 1, firstId: event(4).id })
    buffer.commit(1)
    assert.deepStrictEqual(buffer.take(3), events(6, 6))
    buffer.commit(1)
    assert.deepInclude(buffer, { written: 3, dropped: 3, backlog: 0, gapBefore: undefined })
  })
})
