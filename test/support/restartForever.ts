import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as Domain from "../../src/model/Domain.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import { RepoWriter } from "../../src/trail/RepoWriter.ts"

// A domain with a layer, a worker, an onTick and a dependant that crashes again and again, in virtual time. Prints the
// heap in use after every thousand generations, as JSON; run with --expose-gc.

const crashing = Domain.make("crashing", {
  layer: Layer.effectDiscard(
    Effect.acquireRelease(Effect.succeed(Array.from({ length: 1000 }, () => 0)), () => Effect.void)
  ),
  workers: {
    busy: Effect.forever(Effect.sleep("100 millis")),
    dying: Effect.delay(Effect.fail(new Error("again")), "500 millis")
  },
  onTick: () => Effect.void,
  restart: Domain.restart({ schedule: Schedule.spaced("500 millis"), limit: 1_000_000 })
})
const dependant = Domain.make("dependant", { dependsOn: [crashing], layer: Layer.empty })

/** The trail in memory is meant to grow; this one keeps nothing. */
const forgetful = Layer.effect(
  RepoWriter,
  Effect.map(RepoWriter, (writer) => RepoWriter.of({ ...writer, record: () => Effect.void }))
).pipe(Layer.provideMerge(MemoryRepo.layer))

const heap = Effect.sync(() => {
  globalThis.gc!()
  return process.memoryUsage().heapUsed
})

const program = Effect.gen(function*() {
  const registry = yield* DomainRegistry
  const heaps: Array<number> = []
  let generation = 0
  while (generation < 12_000) {
    yield* TestClock.adjust(Duration.seconds(1000))
    const [view] = yield* registry.snapshot
    generation = view!.generation
    heaps.push(yield* heap)
  }
  return { generation, heaps }
})

const result = await program.pipe(
  Effect.provide(Thunderline.layer({ domains: [crashing, dependant], repo: forgetful })),
  Effect.provide(Layer.mergeAll(TestClock.layer(), Logger.layer([]))),
  Effect.runPromise
)
console.log(JSON.stringify(result))
