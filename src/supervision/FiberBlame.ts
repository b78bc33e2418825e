import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import { attempt, clip } from "../model/ForeignValue.ts"
import * as FiberInternals from "./FiberInternals.ts"
import * as FiberWatch from "./FiberWatch.ts"
import * as Timer from "./Timer.ts"

/** For how long a failure may still be joined. */
const window = Duration.seconds(1)

/** How many failures of one place wait for their window at a time; those beyond it are told at once. */
const heldPerPlace = 16

/** How many of all places wait at a time. */
const heldInAll = 1_000

/** In bytes. */
const longestPlace = 256

/** A failure of a fiber that nobody has looked at, and where the fiber was forked. */
export interface Unclaimed {
  readonly cause: Cause.Cause<unknown>
  readonly place: string
}

export interface Options {
  readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** Background work of the domain has failed: the domain crashes. */
  readonly crash: (failure: Unclaimed) => void
  /** What cannot be told apart is logged. */
  readonly log: (failure: Unclaimed) => void
}

/** A failure that may still be joined. */
interface Held {
  readonly isOwned: () => boolean
  /** The time to join it is over. */
  readonly judge: () => void
  /** That time is over when the fiber that forked it has ended: at once for forks of the build, once that is done. */
  readonly judgeAfterForker: () => void
}

const makeHeld = (
  { exit, fiber, forker, isOwned, joining, setFollows }: FiberWatch.FiberFailure,
  fork: Options["fork"],
  on: { readonly judged: () => void; readonly released: () => void }
): Held => {
  let open = true
  const release = () => {
    if (!open) return false
    open = false
    restore()
    timer.cancel()
    on.released()
    return true
  }
  const judge = () => {
    if (release()) on.judged()
  }
  const restore = FiberInternals.onLook(fiber, exit, setFollows, release)
  const timer = Timer.make(fork, window, judge)
  joining?.onJoin(release)
  timer.start()
  return {
    isOwned,
    judge,
    judgeAfterForker: () => {
      if (forker === undefined) judge()
      else forker.addObserver(() => judge())
    }
  }
}

/** The owner of a generation's fibers, which decides what their failures mean. */
export interface FiberBlame {
  readonly owner: FiberWatch.FiberOwner["Service"]
  /** The domain is active: the build joins nothing any more. */
  readonly activated: () => void
  /** The generation is being closed: it cannot crash any more, what it held is logged. */
  readonly closed: () => void
}

const unknownPlace = "an effect without a name"

/** Where a fiber was forked: the innermost `Effect.fn`, or else the span. */
const placeOf = ({ context }: Fiber.Fiber<unknown, unknown>): string => {
  const place = attempt(() => {
    const frame = Context.get(context, References.CurrentStackFrame)
    if (frame !== undefined) return [frame.name, frame.stack()?.split("\n").at(-1)?.trim()].join(" ").trim()
    const span = Context.getOrUndefined(context, Tracer.ParentSpan)
    return span?._tag === "Span" ? span.name : unknownPlace
  }, unknownPlace)
  return clip(place, longestPlace)
}

/**
 * Judges failures that nobody awaited. A failure may be joined until the fiber that forked it has ended and the domain is
 * active, and for at most one second. Only then it is background work that failed. What belongs to no scope of the layer
 * is only logged.
 */
export const make = ({ crash, fork, log }: Options): FiberBlame => {
  let state: "building" | "active" | "closed" = "building"
  const built = FiberWatch.building()
  const held = new Set<Held>()
  const heldAt = new Map<string, number>()

  const hold = (failure: FiberWatch.FiberFailure, place: string, tell: () => void) => {
    const one: Held = makeHeld(failure, fork, {
      judged: tell,
      released: () => {
        held.delete(one)
        heldAt.set(place, heldAt.get(place)! - 1)
        if (heldAt.get(place) === 0) heldAt.delete(place)
      }
    })
    held.add(one)
    heldAt.set(place, (heldAt.get(place) ?? 0) + 1)
    if (failure.isOwned() && state === "active") one.judgeAfterForker()
  }

  const failed = (failure: FiberWatch.FiberFailure): void => {
    const { exit, fiber, isOwned, joining } = failure
    if (joining?.gets(exit) === true) return
    const place = placeOf(fiber)
    const blamed = joining?.isJoined() !== true && FiberInternals.isReadable(fiber)
    const tell = () => (blamed && isOwned() && state !== "closed" ? crash : log)({ cause: exit.cause, place })
    const full = !isOwned() && (held.size >= heldInAll || (heldAt.get(place) ?? 0) >= heldPerPlace)
    if (full || state === "closed") tell()
    else hold(failure, place, tell)
  }

  return {
    owner: { failed, isBuilding: () => state === "building" },
    activated: () => {
      state = "active"
      built()
      for (const one of held) if (one.isOwned()) one.judgeAfterForker()
    },
    closed: () => {
      state = "closed"
      built()
      for (const one of held) one.judge()
    }
  }
}
