import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { DomainEvent } from "../../src/model/DomainEvent.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import { type Repo, RepoRejected, RepoUnavailable } from "../../src/trail/Repo.ts"
import { RepoWriter } from "../../src/trail/RepoWriter.ts"

/** What goes wrong with the database in front of the memory backend, and what got through to it. */
export class Faults extends Context.Service<Faults, {
  /** Every write fails with `RepoUnavailable` while it is down. */
  down: boolean
  /** Every write hangs while it is frozen, whether or not somebody interrupts it. */
  frozen: boolean
  /** The next writes that are cut off by an interruption from within. */
  cuts: number
  /** The next writes that end in a defect. */
  defects: number
  /** Transitions that the database refuses, and the whole write with them. */
  readonly refused: Set<string>
  /** Runs after each write that was committed. */
  committed: () => void
  /** Writes tried, whatever became of them. */
  attempts: number
  /** The writes that were committed, by the transitions' ids. */
  readonly batches: Array<ReadonlyArray<string>>
}>()("test/Faults") {}

/** The memory backend behind a database that can be made to fail. */
export const layer: Layer.Layer<Repo | RepoWriter | Faults> = Layer.effectContext(Effect.gen(function*() {
  const writer = yield* RepoWriter
  const faults = Faults.of({
    down: false,
    frozen: false,
    cuts: 0,
    defects: 0,
    refused: new Set(),
    committed: () => {},
    attempts: 0,
    batches: []
  })
  const record = Effect.fnUntraced(function*(events: ReadonlyArray<DomainEvent>) {
    faults.attempts++
    const failure = { operation: "record", detail: "by test", cause: undefined }
    while (faults.frozen) yield* Effect.yieldNow
    if (faults.cuts > 0) {
      faults.cuts--
      return yield* Effect.interrupt
    }
    if (faults.defects > 0) {
      faults.defects--
      return yield* Effect.die(new Error("by test"))
    }
    if (faults.down) return yield* new RepoUnavailable(failure)
    if (events.some((event) => faults.refused.has(event.id))) return yield* new RepoRejected(failure)
    yield* writer.record(events)
    faults.batches.push(events.map((event) => event.id))
    faults.committed()
  })
  return Context.make(RepoWriter, { ...writer, record }).pipe(Context.add(Faults, faults))
})).pipe(Layer.provideMerge(MemoryRepo.layer))
