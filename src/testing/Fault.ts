/**
 * Faults to inject into domains: builds that fail, hang or are slow, ticks, workers, shutdowns. Use it through
 * `Simulation.run`, or wrap the domains of a test with `inject`.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Domain } from "thunderline"
 * import { Fault } from "thunderline/testing"
 *
 * const cache = Domain.make("cache", { layer: Layer.empty })
 *
 * const broken = Fault.inject([cache], [{ _tag: "FailActivation", domain: "cache", generation: 1 }])
 * ```
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Domain from "../model/Domain.ts"
import * as DomainGraph from "../model/DomainGraph.ts"

const Milliseconds = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const Tick = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

const on = {
  /** The domain's name. */
  domain: Schema.String,
  /** The generation, counted from 1 (default: every one). */
  generation: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)))
}

/**
 * Something that goes wrong in a domain.
 *
 * - `FailActivation`, `SlowActivation`, `HangActivation`: its layer fails, takes `ms` longer, never gets ready.
 * - `FailTick`, `SlowTick`, `HangTick`: its `onTick` fails, takes `ms` longer, never answers at the `tick`-th tick of the
 *   generation (default: at every one). A domain without `onTick` gets one.
 * - `KillWorker`: a worker fails `ms` after the domain became active. `KillScoped`: a fiber forked in its layer's scope
 *   fails `ms` after the build. `Leak`: a detached fiber fails, which is logged and crashes nothing.
 * - `HangShutdown`, `SlowShutdown`, `FailShutdown`: its clean-up never ends, takes `ms` longer, fails.
 *
 * Times are in milliseconds of the application's clock.
 */
export const Fault = Schema.TaggedUnion({
  FailActivation: on,
  SlowActivation: { ...on, ms: Milliseconds },
  HangActivation: on,
  FailTick: { ...on, tick: Schema.optionalKey(Tick) },
  SlowTick: { ...on, tick: Schema.optionalKey(Tick), ms: Milliseconds },
  HangTick: { ...on, tick: Schema.optionalKey(Tick) },
  KillWorker: { ...on, ms: Milliseconds },
  KillScoped: { ...on, ms: Milliseconds },
  Leak: { ...on, ms: Milliseconds },
  FailShutdown: on,
  SlowShutdown: { ...on, ms: Milliseconds },
  HangShutdown: on
})
export type Fault = typeof Fault.Type

/** The failure that an injected fault ends with. */
export class FaultInjected extends Schema.TaggedError<FaultInjected>()("FaultInjected", {
  domain: Schema.String,
  fault: Schema.String,
  generation: Schema.Natural
}) {
  override get message() {
    return `${this.fault} was injected into generation ${this.generation} of ${this.domain}`
  }
}

/** A fault names a domain that does not exist. */
export class UnknownFaultDomain extends Schema.TaggedError<UnknownFaultDomain>()("UnknownFaultDomain", {
  domain: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `A fault is meant for ${this.domain}, which is not in domains (${this.known.join(", ")})`
  }
}

const injectOne = (
  domain: Domain.Any,
  faults: ReadonlyArray<Fault>,
  refer: (to: Domain.Any) => Domain.Any
): Domain.Any => {
  let generation = 0
  let ticks = 0
  const now = <T extends Fault["_tag"]>(...tags: ReadonlyArray<T>) =>
    faults.filter((fault): fault is Extract<Fault, { readonly _tag: T }> =>
      (tags as ReadonlyArray<string>).includes(fault._tag) && (fault.generation ?? generation) === generation
    )
  const injected = (fault: Fault) => new FaultInjected({ domain: domain.name, fault: fault._tag, generation })
  const later = (fault: Fault & { readonly ms: number }) =>
    Effect.andThen(Effect.sleep(Duration.millis(fault.ms)), Effect.suspend(() => Effect.fail(injected(fault))))

  const activation = Effect.gen(function*() {
    generation++
    ticks = 0
    for (const fault of now("FailShutdown", "SlowShutdown", "HangShutdown")) {
      yield* Effect.addFinalizer(() => {
        if (fault._tag === "FailShutdown") return Effect.die(injected(fault))
        return fault._tag === "SlowShutdown" ? Effect.sleep(Duration.millis(fault.ms)) : Effect.never
      })
    }
    for (const fault of now("FailActivation", "SlowActivation", "HangActivation")) {
      if (fault._tag === "FailActivation") return yield* injected(fault)
      yield* fault._tag === "SlowActivation" ? Effect.sleep(Duration.millis(fault.ms)) : Effect.never
    }
    for (const fault of now("KillScoped")) yield* Effect.forkScoped(later(fault))
    for (const fault of now("Leak")) yield* Effect.forkDetach(later(fault))
  })

  const has = (...tags: ReadonlyArray<Fault["_tag"]>) => faults.some((fault) => tags.includes(fault._tag))
  return Domain.derive(domain, {
    dependsOn: domain.dependsOn.map(refer),
    after: domain.after.map(refer),
    layer: Layer.provideMerge(domain.layer, Layer.effectDiscard(activation)),
    onTick: !has("FailTick", "SlowTick", "HangTick") ? domain.onTick : Effect.fnUntraced(function*(tick) {
      ticks++
      for (const fault of now("FailTick", "SlowTick", "HangTick")) {
        if ((fault.tick ?? ticks) !== ticks) continue
        if (fault._tag === "FailTick") return yield* injected(fault)
        yield* fault._tag === "SlowTick" ? Effect.sleep(Duration.millis(fault.ms)) : Effect.never
      }
      if (domain.onTick !== undefined) yield* domain.onTick(tick)
    }),
    workers: !has("KillWorker") ? domain.workers : [...domain.workers, {
      name: "fault",
      permanent: false,
      effect: Effect.suspend(() =>
        Effect.forEach(now("KillWorker"), later, { concurrency: "unbounded", discard: true })
      )
    }]
  })
}

/**
 * The same domains with faults in them. Their references to each other are kept. Each call counts the generations from 1,
 * so use the result for one application only.
 */
export const inject = Effect.fnUntraced(function*(
  domains: ReadonlyArray<Domain.Any>,
  faults: ReadonlyArray<Fault>
): Effect.fn.Return<ReadonlyArray<Domain.Any>, UnknownFaultDomain | DomainGraph.DomainGraphError> {
  yield* DomainGraph.make(domains)
  const known = domains.map((domain) => domain.name)
  const stray = faults.find((fault) => !known.includes(fault.domain))
  if (stray !== undefined) return yield* new UnknownFaultDomain({ domain: stray.domain, known })
  const replaced = new Map<Domain.Any, Domain.Any>()
  const refer = (domain: Domain.Any): Domain.Any => {
    const before = replaced.get(domain)
    if (before !== undefined) return before
    const own = faults.filter((fault) => fault.domain === domain.name)
    const after = injectOne(domain, own, refer)
    replaced.set(domain, after)
    return after
  }
  return domains.map(refer)
})
