import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { layer, Outbox, type OutboxOptions } from "../../src/trail/Outbox.ts"
import { OutboxIntake } from "../../src/trail/OutboxIntake.ts"
import { Repo } from "../../src/trail/Repo.ts"
import * as TrailStatus from "../../src/trail/TrailStatus.ts"
import * as FaultyRepo from "./FaultyRepo.ts"
import * as LogLines from "./LogLines.ts"
import { event } from "./values.ts"

/** Both sides of the outbox as one. */
export const wholeOutbox = Effect.zipWith(Outbox, OutboxIntake, (outbox, intake) => ({ ...outbox, ...intake }))

/** An outbox before a database that can fail. It does not wait at its end, so that a test that fails in an outage ends too. */
export const outbox = (options?: OutboxOptions) =>
  layer({ flushTimeout: 0, ...options }).pipe(
    Layer.provideMerge(Layer.merge(FaultyRepo.layer, TrailStatus.layer)),
    Layer.provideMerge(LogLines.layer)
  )

/** The transitions from one number to another. */
export const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => event(from + i))

/** Their ids. */
export const ids = (from: number, to: number) => events(from, to).map((one) => one.id)

/** What is in the trail, oldest first. */
export const trail = Repo.use((repo) => repo.events({ order: "oldest", limit: 1_000 })).pipe(
  Effect.map((page) => page.events.map((one) => one.id))
)

/** Whether so many writes were tried. */
export const attempts = (n: number) => Effect.map(FaultyRepo.Faults, (faults) => faults.attempts >= n)
