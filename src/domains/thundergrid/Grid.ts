/**
 * Owners of zones by consistent hashing: a node that leaves gives away only its own zones. Use it if every node knows the
 * members. It does not discover them.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Grid } from "thunderline/domains"
 *
 * const owner = Grid.Grid.use((grid) => Effect.andThen(grid.join("node-2", { weight: 2 }), grid.owner("orders/eu")))
 * ```
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HashRing from "effect/HashRing"
import * as Layer from "effect/Layer"
import * as PrimaryKey from "effect/PrimaryKey"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { Blackboard } from "../thunderflow/Blackboard.ts"
import { EventBuffer } from "../thunderflow/EventBuffer.ts"

/** There is no node that could own the zone. */
export class NoNodes extends Schema.TaggedError<NoNodes>()("NoNodes", { zone: Schema.String }) {
  override get message() {
    return `Zone ${this.zone} has no owner: the grid has no nodes`
  }
}

/** A claimed zone that got another owner; `null`: no owner. */
export const Move = Schema.Struct({
  zone: Schema.String,
  from: Schema.NullOr(Schema.String),
  to: Schema.NullOr(Schema.String)
})
export interface Move extends Schema.Schema.Type<typeof Move> {}

/** A node joined or left: the nodes there are now, and the claimed zones that got another owner. */
export const GridChange = Schema.Struct({
  change: Schema.Literals(["joined", "left"]),
  node: Schema.String,
  members: Schema.Array(Schema.String),
  moves: Schema.Array(Move)
})
export interface GridChange extends Schema.Schema.Type<typeof GridChange> {}

/** The key of the fact with the names of the members. */
export const membersFact = "grid/members"

/**
 * Which node owns which zone, by consistent hashing: the owner depends on the names of the members alone, so that every
 * node that knows the same members names the same owner; a node that leaves gives away only its own zones, and one that
 * joins takes zones only for itself.
 */
export class Grid extends Context.Service<Grid, {
  /** Adds a node, or changes its weight (default 1, at least 0.1; 2 owns about twice as many zones). */
  readonly join: (node: string, options?: { readonly weight?: number | undefined }) => Effect.Effect<void>
  /** Removes a node; does nothing if it is not there. */
  readonly leave: (node: string) => Effect.Effect<void>
  /** The names of the nodes, sorted. */
  readonly members: Effect.Effect<ReadonlyArray<string>>
  /** The one owner of a zone; any text is a zone. */
  readonly owner: (zone: string) => Effect.Effect<string, NoNodes>
  /** Reports changes of this zone's owner from now on, in the `moves` of the changes. */
  readonly claim: (zone: string) => Effect.Effect<void>
  readonly release: (zone: string) => Effect.Effect<void>
  /** The claimed zones with their owners, by zone; empty without nodes. */
  readonly assignments: Effect.Effect<ReadonlyMap<string, string>>
  /** Every change from now on, in order; a slow reader loses the oldest. */
  readonly changes: Stream.Stream<GridChange>
}>()("thunderline/domains/Grid") {}

// Short texts hash close together. Without these, three nodes "a", "b", "c" own 78, 20 and 2 in 100 zones.
const nodeSalt = "thundergrid/node/"
const zoneSalt = "thundergrid/zone/"

class Node implements PrimaryKey.PrimaryKey {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
  [PrimaryKey.symbol]() {
    return nodeSalt + this.name
  }
}

/** A grid with the given nodes (default: one, `local`). Its members are a fact on the blackboard while it exists. */
export const make = Effect.fnUntraced(function*(options?: { readonly nodes?: ReadonlyArray<string> | undefined }) {
  const blackboard = yield* Blackboard
  const buffer = yield* EventBuffer
  const changes = yield* Effect.acquireRelease(PubSub.sliding<GridChange>(256), PubSub.shutdown)
  const turn = yield* Semaphore.make(1)
  const ring = HashRing.make<Node>()
  const zones = new Set<string>()

  const ownerOf = (zone: string) => HashRing.get(ring, zoneSalt + zone)?.name ?? null
  const members = () => Array.from(ring, ({ name }) => name).sort()

  const change = Effect.fnUntraced(function*(change: GridChange["change"], node: string, weight: number) {
    if ((ring.nodes.get(nodeSalt + node)?.[1] ?? 0) === weight) return
    const before = new Map(Array.from(zones, (zone) => [zone, ownerOf(zone)]))
    if (weight === 0) HashRing.remove(ring, new Node(node))
    else HashRing.add(ring, new Node(node), { weight })
    const moves = Array.from(before, ([zone, from]) => ({ zone, from, to: ownerOf(zone) }))
      .filter(({ from, to }) => from !== to)
    const told: GridChange = { change, node, members: members(), moves }
    yield* blackboard.post(membersFact, told.members)
    yield* buffer.offer({ type: `grid.${change}`, source: "thundergrid", data: { ...told, moves: [...told.moves] } })
    yield* PubSub.publish(changes, told)
  }, turn.withPermit)

  const join = (node: string, weight = 1) => change("joined", node, Math.max(weight, 0.1))

  yield* Effect.addFinalizer(() => blackboard.retract(membersFact))
  yield* Effect.forEach(options?.nodes ?? ["local"], (node) => join(node), { discard: true })

  return Grid.of({
    join: (node, options) => join(node, options?.weight),
    leave: (node) => change("left", node, 0),
    members: Effect.sync(members),
    owner: (zone) =>
      Effect.suspend(() => {
        const owner = ownerOf(zone)
        return owner === null ? Effect.fail(new NoNodes({ zone })) : Effect.succeed(owner)
      }),
    claim: (zone) => Effect.sync(() => void zones.add(zone)),
    release: (zone) => Effect.sync(() => void zones.delete(zone)),
    assignments: Effect.sync(() =>
      new Map(
        Array.from(zones).sort().flatMap((zone) => {
          const owner = ownerOf(zone)
          return owner === null ? [] : [[zone, owner] as const]
        })
      )
    ),
    changes: Stream.fromPubSub(changes)
  })
})

/** {@link make} as a layer. */
export const layerWith = (options: {
  readonly nodes?: ReadonlyArray<string> | undefined
}): Layer.Layer<Grid, never, Blackboard | EventBuffer> => Layer.effect(Grid, make(options))

/** The same with its defaults. */
export const layer: Layer.Layer<Grid, never, Blackboard | EventBuffer> = layerWith({})
