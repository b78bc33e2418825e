import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"

/** The cursor was not given out by a page of the same order. */
export class InvalidCursor extends Schema.TaggedError<InvalidCursor>()("InvalidCursor", {
  cursor: Schema.String
}) {
  /** A wrong command line, where nothing handles it. */
  override readonly [Runtime.errorExitCode] = 2
  override get message() {
    return `"${this.cursor}" is not a cursor of an earlier page`
  }
}

/** The order of a page of transitions. */
export type EventOrder = "newest" | "oldest"

const pattern = /^([no])([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/

/** The cursor of the page behind the transition `id`, in that order. */
export const encode = (id: string, order: EventOrder): string => `${order[0]}${id.replaceAll("-", "")}`

/** The id of the transition that a cursor stands behind. A cursor of the other order is refused. */
export const decode = (cursor: string, order: EventOrder): Effect.Effect<string, InvalidCursor> => {
  const match = pattern.exec(cursor)
  return match === null || match[1] !== order[0]
    ? Effect.fail(new InvalidCursor({ cursor }))
    : Effect.succeed(match.slice(2).join("-"))
}

const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether a text can be the id of a transition. */
export const isEventId = (text: string): boolean => idPattern.test(text)
