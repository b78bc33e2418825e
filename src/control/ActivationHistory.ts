/** When and how domains were activated, read from their transitions: from the newest ones, then from the oldest on. */
import type { DomainEvent } from "../model/DomainEvent.ts"

/** The activation of one generation. Times are the program's, in milliseconds since the epoch. */
export interface Activation {
  readonly domain: string
  readonly generation: number
  /** The newest tick when the gate opened. */
  readonly tick: number
  readonly wave: number
  readonly openedAt: number
  readonly end: {
    readonly at: number
    readonly outcome: "active" | "failed"
    /** The domain's own work, in milliseconds. */
    readonly workMs: number
  } | undefined
}

/** The activations of a domain that are kept: the newest, and the first one that ended `active`. */
export interface Activations {
  readonly newest: Activation
  readonly first: Activation | undefined
  /** The activation that was read last and has no end yet. */
  readonly open: Activation | undefined
}

const isActive = ({ end }: Activation): boolean => end?.outcome === "active"

/** What one transition tells; the gate's opening is guessed from the end if that is all there is. */
const read = ({ domain, durationMs, from, generation, occurredAt, tick, to, wave }: DomainEvent) => {
  const at = occurredAt.epochMilliseconds
  const begin = { domain, generation, tick, wave: wave ?? 0 }
  if (to === "activating") return { ...begin, openedAt: at, end: undefined }
  if (from !== "activating") return undefined
  const workMs = durationMs ?? 0
  const outcome = to === "active" ? "active" as const : "failed" as const
  return { ...begin, openedAt: at - workMs, end: { at, outcome, workMs } }
}

/** Two readings of the same generation: its opening from one, its end from the other. */
const join = (known: Activation, told: Activation): Activation =>
  told.end === undefined ? { ...told, end: known.end } : known.end === undefined ? { ...known, end: told.end } : known

/** Adds what a transition tells to what is known of its domain. */
export const add = (known: Activations | undefined, event: DomainEvent): Activations | undefined => {
  const told: Activation | undefined = read(event)
  if (told === undefined) return known
  const { first, newest, open } = known ?? { first: undefined, newest: told, open: undefined }
  const same = [newest, first, open].find((one) => one?.generation === told.generation)
  const activation = same === undefined ? told : join(same, told)
  return {
    open: activation.end === undefined ? activation : open,
    newest: newest.generation > activation.generation ? newest : activation,
    first: isActive(activation) && activation.generation <= (first?.generation ?? Infinity) ? activation : first
  }
}
