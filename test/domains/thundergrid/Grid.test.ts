import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Blackboard from "../../../src/domains/thunderflow/Blackboard.ts"
import * as EventBuffer from "../../../src/domains/thunderflow/EventBuffer.ts"
import * as Grid from "../../../src/domains/thundergrid/Grid.ts"
import * as TestRegistry from "../TestRegistry.ts"

const world = Effect.gen(function*() {
  const blackboard = yield* Effect.provide(Blackboard.make, TestRegistry.layer(TestRegistry.make(1)))
  const buffer = yield* EventBuffer.make()
  const make = (nodes: ReadonlyArray<string>) =>
    Grid.make({ nodes }).pipe(
      Effect.provideService(Blackboard.Blackboard, blackboard),
      Effect.provideService(EventBuffer.EventBuffer, buffer)
    )
  return { blackboard, buffer, make }
})

const Nodes = Schema.Array(Schema.String).check(Schema.isMinLength(2), Schema.isMaxLength(8), Schema.isUnique())
const Zones = Schema.Array(Schema.String).check(Schema.isMaxLength(50), Schema.isUnique())

const owners = (grid: Grid.Grid["Service"], zones: ReadonlyArray<string>) =>
  Effect.map(Effect.forEach(zones, grid.owner), (owners) => new Map(owners.map((owner, i) => [zones[i]!, owner])))

describe("Grid", () => {
  it.effect.prop(
    "moves only the zones of a node that leaves, takes zones only for one that joins, and has one owner for each",
    { nodes: Nodes, zones: Zones },
    ({ nodes, zones }) =>
      Effect.gen(function*() {
        const { make } = yield* world
        const grid = yield* make(nodes)
        const [first, ...rest] = nodes as [string, ...Array<string>]
        const before = yield* owners(grid, zones)
        for (const owner of before.values()) assert.include(nodes, owner)

        yield* grid.leave(first)
        const without = yield* owners(grid, zones)
        for (const [zone, owner] of without) {
          assert.include(rest, owner)
          if (before.get(zone) !== first) assert.strictEqual(owner, before.get(zone))
        }

        yield* grid.join(first)
        const again = yield* owners(grid, zones)
        for (const [zone, owner] of again) {
          if (owner !== without.get(zone)) assert.strictEqual(owner, first)
        }
        assert.deepStrictEqual(again, before)
      }).pipe(Effect.scoped)
  )

  it.effect.prop(
    "names the same owners wherever the same members are known, in whatever order they came",
    { nodes: Nodes, zones: Zones },
    ({ nodes, zones }) =>
      Effect.gen(function*() {
        const { make } = yield* world
        const one = yield* make(nodes)
        const other = yield* make(["someone", ...nodes.toReversed()])
        yield* other.leave("someone")
        if (!nodes.includes("someone")) {
          assert.deepStrictEqual(yield* owners(one, zones), yield* owners(other, zones))
        }
      }).pipe(Effect.scoped)
  )

  it.effect("gives each of a few nodes with short names its fair part of many zones", () =>
    Effect.gen(function*() {
      const { make } = yield* world
      const grid = yield* make(["a", "b", "c", "d"])
      const counts = new Map<string, number>()
      for (let n = 0; n < 10_000; n++) {
        const owner = yield* grid.owner(String(n))
        counts.set(owner, (counts.get(owner) ?? 0) + 1)
      }
      for (const count of counts.values()) assert.isTrue(count > 2000 && count < 3000, `${count}`)
    }))

  it.effect("tells with each change who is there and which of the claimed zones moved", () =>
    Effect.gen(function*() {
      const { blackboard, buffer, make } = yield* world
      const grid = yield* make(["a"])
      const zones = Array.from({ length: 100 }, (_, n) => `zone-${n}`)
      yield* Effect.forEach(zones, grid.claim)
      yield* grid.release("zone-0")
      const changes = yield* grid.changes.pipe(
        Stream.take(2),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      const before = yield* grid.assignments
      yield* grid.join("b")
      const after = yield* grid.assignments
      yield* grid.leave("b")
      yield* grid.leave("b")
      const [joined, left] = yield* Fiber.join(changes)
      assert.deepInclude(joined, { change: "joined", node: "b", members: ["a", "b"] })
      const expected = [...after].filter(([, owner]) => owner === "b").map(([zone]) => ({ zone, from: "a", to: "b" }))
      assert.isNotEmpty(expected)
      assert.sameDeepMembers([...joined!.moves], expected)
      assert.deepInclude(left, { change: "left", node: "b", members: ["a"] })
      assert.sameDeepMembers([...left!.moves], expected.map(({ zone }) => ({ zone, from: "b", to: "a" })))
      assert.deepStrictEqual(yield* grid.assignments, before)
      assert.isFalse(before.has("zone-0"))
      assert.deepStrictEqual((yield* buffer.recent).map(({ type }) => type), [
        "grid.joined",
        "grid.joined",
        "grid.left"
      ])
      const fact = yield* blackboard.get(Grid.membersFact)
      assert.deepStrictEqual(Option.map(fact, ({ value }) => value), Option.some(["a"]))
    }))

  it.effect("gives a node of twice the weight about twice as many zones", () =>
    Effect.gen(function*() {
      const { make } = yield* world
      const grid = yield* make(["a"])
      yield* grid.join("b", { weight: 2 })
      let count = 0
      for (let n = 0; n < 9000; n++) {
        if ((yield* grid.owner(`zone-${n}`)) === "b") count++
      }
      assert.isTrue(count > 5200 && count < 6800, `${count}`)
    }))

  it.effect("has no owner without nodes, and says so", () =>
    Effect.gen(function*() {
      const { make } = yield* world
      const grid = yield* make([])
      const error = yield* Effect.flip(grid.owner("north"))
      assert.strictEqual(error.message, "Zone north has no owner: the grid has no nodes")
    }))

  it.effect("takes its members back when it goes, and begins anew in the next generation", () =>
    Effect.gen(function*() {
      const { blackboard, make } = yield* world
      const scope = yield* Scope.make()
      const grid = yield* Scope.provide(make(["a"]), scope)
      yield* grid.join("b")
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Option.isNone(yield* blackboard.get(Grid.membersFact)))
      const next = yield* make(["a"])
      assert.deepStrictEqual(yield* next.members, ["a"])
    }))
})
