/**
 * Facts that domains share, each with a time-to-live in ticks. Use it for facts that may be missed. Facts that must not be
 * lost belong in a database.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Blackboard } from "thunderline/domains"
 *
 * const isClear = Effect.map(Blackboard.Blackboard.use((board) => board.get("sky")), (fact) => fact._tag === "Some")
 * ```
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DomainRegistry } from "../../heartbeat/DomainRegistry.ts"

/**
 * A value with a time-to-live. Posted at tick `tick` for n ticks, it can be read up to and including tick `tick + n - 1` and
 * is gone at `expiresAt`, tick `tick + n`. `null`: it stays until it is retracted.
 */
export const Fact = Schema.Struct({
  key: Schema.String,
  value: Schema.Json,
  tick: Schema.Natural,
  expiresAt: Schema.NullOr(Schema.Natural)
})
export interface Fact extends Schema.Schema.Type<typeof Fact> {}

/** A fact was posted (new or again) or retracted, or has expired. */
export interface FactChange {
  readonly _tag: "posted" | "retracted" | "expired"
  readonly fact: Fact
}

/**
 * Facts that domains share: key to JSON value, with a time-to-live in ticks. The registry's current tick decides whether a
 * fact can be read, so an expired fact is never read, however busy this domain is.
 */
export class Blackboard extends Context.Service<Blackboard, {
  /** Sets a fact. `ttl` is in ticks, at least 1; without it the fact stays until it is retracted. */
  readonly post: (
    key: string,
    value: Schema.Json,
    options?: { readonly ttl?: number | undefined }
  ) => Effect.Effect<Fact>
  readonly get: (key: string) => Effect.Effect<Option.Option<Fact>>
  /** The facts whose key begins with `prefix` (default: all), by key. */
  readonly facts: (prefix?: string) => Effect.Effect<ReadonlyArray<Fact>>
  /** Removes a fact; does nothing if there is none. */
  readonly retract: (key: string) => Effect.Effect<void>
  /** Removes the facts that have expired at `tick` and publishes each as a change. */
  readonly expire: (tick: number) => Effect.Effect<void>
  /** Every change from now on; a slow reader loses the oldest. */
  readonly changes: Stream.Stream<FactChange>
}>()("thunderline/domains/Blackboard") {}

const isOver = (fact: Fact, tick: number) => fact.expiresAt !== null && fact.expiresAt <= tick

/** An empty blackboard. */
export const make = Effect.gen(function*() {
  const registry = yield* DomainRegistry
  const changes = yield* Effect.acquireRelease(PubSub.sliding<FactChange>(1024), PubSub.shutdown)
  const facts = new Map<string, Fact>()

  const tell = (change: FactChange) => PubSub.publish(changes, change)
  const remove = (_tag: "retracted" | "expired", fact: Fact) => {
    facts.delete(fact.key)
    return tell({ _tag, fact })
  }

  return Blackboard.of({
    post: Effect.fnUntraced(function*(key, value, options) {
      const tick = yield* registry.currentTick
      const expiresAt = options?.ttl === undefined ? null : tick + Math.max(1, Math.ceil(options.ttl))
      const fact: Fact = { key, value, tick, expiresAt }
      facts.set(key, fact)
      yield* tell({ _tag: "posted", fact })
      return fact
    }),
    get: (key) =>
      Effect.map(
        registry.currentTick,
        (tick) => Option.filter(Option.fromUndefinedOr(facts.get(key)), (fact) => !isOver(fact, tick))
      ),
    facts: (prefix = "") =>
      Effect.map(registry.currentTick, (tick) =>
        Array.from(facts.values())
          .filter((fact) => fact.key.startsWith(prefix) && !isOver(fact, tick))
          .sort((a, b) => a.key < b.key ? -1 : 1)),
    retract: (key) =>
      Effect.suspend(() => {
        const fact = facts.get(key)
        return fact === undefined ? Effect.void : Effect.asVoid(remove("retracted", fact))
      }),
    expire: (tick) =>
      Effect.forEach(
        Array.from(facts.values()).filter((fact) => isOver(fact, tick)),
        (fact) => remove("expired", fact),
        { discard: true }
      ),
    changes: Stream.fromPubSub(changes)
  })
})

/** An empty blackboard as a layer. */
export const layer: Layer.Layer<Blackboard, never, DomainRegistry> = Layer.effect(Blackboard, make)
