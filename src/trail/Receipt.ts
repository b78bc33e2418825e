import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** Transitions were dropped instead of committed. */
export class NotCommitted extends Schema.TaggedError<NotCommitted>()("NotCommitted", {
  detail: Schema.String
}) {
  override get message() {
    return `Not in the trail: ${this.detail}`
  }
}

/** Follows transitions on their way into the trail. */
export interface Receipt {
  /** Stops following: transitions that are accepted from now on do not belong to it. */
  readonly end: () => void
  /** Returns when all of them are committed, and fails when one was dropped. */
  readonly committed: Effect.Effect<void, NotCommitted>
}

interface Follower {
  readonly from: number
  to: number
  readonly outcome: Deferred.Deferred<void, NotCommitted>
}

/** Counts what the outbox accepts and settles, and tells those who follow transitions what becomes of them. */
export const make = () => {
  const followers = new Set<Follower>()
  let accepted = 0
  /** All before this position are committed or dropped. */
  let settled = 0

  const tell = (follower: Follower, outcome: Effect.Effect<void, NotCommitted>) => {
    followers.delete(follower)
    Deferred.doneUnsafe(follower.outcome, outcome)
  }

  return {
    accepted: () => accepted,
    accept: (count: number) => {
      accepted += count
    },
    /** `count` transitions from a position on were dropped. */
    lose: (position: number, count: number, detail: string) => {
      for (const follower of followers) {
        if (follower.from < position + count && position < follower.to) tell(follower, new NotCommitted({ detail }))
      }
    },
    /** All before a position are committed or dropped. */
    reach: (position: number) => {
      settled = position
      for (const follower of followers) {
        if (follower.to <= settled) tell(follower, Effect.void)
      }
    },
    follow: (): Receipt => {
      const follower: Follower = { from: accepted, to: Infinity, outcome: Deferred.makeUnsafe() }
      followers.add(follower)
      return {
        end: () => {
          follower.to = accepted
          if (accepted <= Math.max(settled, follower.from)) tell(follower, Effect.void)
        },
        committed: Deferred.await(follower.outcome)
      }
    }
  }
}
