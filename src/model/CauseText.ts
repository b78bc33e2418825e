/**
 * Renders causes and errors as text, whatever they are. Use it wherever a cause is logged, kept, sent or shown: an error is
 * users' code, and `Cause.pretty` calls it without limits.
 *
 * For ordinary errors the text is that of `Cause.pretty`. It is always valid Unicode without NUL characters, of at most
 * 16 KiB; its last line says what was left out. Nothing here throws.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import { maxCauseLength } from "./DomainEvent.ts"
import * as ForeignValue from "./ForeignValue.ts"
import { attempt, isA, read } from "./ForeignValue.ts"

const limits = {
  /** Failures of one cause, and errors of one `AggregateError`. */
  failures: 16,
  /** Errors in one chain of causes. */
  chain: 16,
  /** How many nested causes that are left out are counted. */
  counted: 1_000,
  name: 128,
  /** Of an error in an `AggregateError`. */
  member: 512,
  /** Kept free for the line that says what was left out. */
  note: 256,
  /** With fewer bytes left no further error is rendered. */
  error: 256
}

const unrenderable = "The cause cannot be rendered"

/** A text that was rendered before, within the same limits. */
export const clip = (text: string): string => ForeignValue.clip(text, maxCauseLength)

/** The space that is left for one cause, and what was left out. */
interface Budget {
  bytes: number
  failures: number
  causes: number
  characters: number
}

const take = (budget: Budget, text: string, most: number): string => {
  const taken = ForeignValue.clip(text, Math.min(most, budget.bytes))
  budget.bytes -= ForeignValue.sizeOf(taken)
  budget.characters += Math.max(0, text.length - taken.length)
  return taken
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** A thrown value that is no object, as `Cause.pretty` can render it. */
const bare = (value: unknown): unknown => {
  if (typeof value === "string") return clip(value)
  return typeof value === "bigint" || typeof value === "symbol" || typeof value === "function"
    ? ForeignValue.nameOf(value)
    : value
}

const nameOf = (error: object): string => {
  const name = read(error, "name")
  return typeof name === "string" ? name : "Error"
}

/** The message of an object, as `Cause.pretty` takes it. */
const messageOf = (error: object): string => {
  const message = read(error, "message")
  if (typeof message === "string") return message
  const own = attempt(() => {
    const { toString } = error
    if (typeof toString !== "function" || toString === Object.prototype.toString) return undefined
    return toString === Array.prototype.toString ? undefined : error.toString()
  }, undefined)
  return typeof own === "string" ? own : ForeignValue.toJson(error)
}

/** A line of a stack that `Cause.pretty` cuts it off at. */
const internal = /Generator\.next|~effect\/(?:Effect|Utils)/

/** The frames of a stack, without its first line or the message that it begins with. */
const framesOf = (error: object, name: string, message: string): string => {
  const stack = read(error, "stack")
  if (typeof stack !== "string") return ""
  const header = name.length + 2
  const isHeaded = stack.startsWith(`${name}: `) && stack.startsWith(message, header)
  const from = isHeaded ? header + message.length : 0
  const lines = stack.slice(from, from + maxCauseLength).split("\n").slice(1)
  const end = lines.findIndex((line) => internal.test(line))
  return lines.slice(0, end === -1 ? undefined : end).map((line) => `\n${line}`).join("")
}

/** The errors of an `AggregateError`, each on a line. */
const membersOf = (error: object): string =>
  attempt(() => {
    if (!(error instanceof AggregateError)) return ""
    const { errors } = error
    const lines = Array.from(errors.slice(0, limits.failures), (member: unknown, i) => {
      const text = isObject(member) ? `${nameOf(member)}: ${messageOf(member)}` : String(bare(member))
      const line = ForeignValue.clip(text, limits.member).replaceAll(/\s+/g, " ")
      return `\n    [error ${i + 1} of ${errors.length}]: ${line}`
    })
    return lines.join("") + (errors.length > lines.length ? `\n    ${errors.length - lines.length} more errors` : "")
  }, "")

/** How many causes there are below an error, up to a limit. */
const countCauses = (error: unknown, seen: Set<unknown>): number => {
  let count = 0
  for (let next = error; next !== undefined && !seen.has(next) && count < limits.counted; count++) {
    seen.add(next)
    next = isObject(next) ? read(next, "cause") : undefined
  }
  return count
}

const makeError = (name: string, message: string, stack: string, cause?: unknown): Error => {
  const error = new Error(message, cause === undefined ? undefined : { cause })
  Object.defineProperties(error, { name: { value: name }, stack: { value: stack } })
  return error
}

/** The error with what there is space for of its parts, and of the chain of its causes. */
const bound = (value: unknown, budget: Budget, seen: Set<unknown> = new Set()): unknown => {
  if (typeof value === "string") return take(budget, value, budget.bytes)
  if (!isObject(value)) return bare(value)
  seen.add(value)
  const fullName = nameOf(value)
  const fullMessage = messageOf(value)
  const name = take(budget, fullName, limits.name)
  const message = take(budget, fullMessage, budget.bytes / 2)
  const frames = take(budget, framesOf(value, fullName, fullMessage) + membersOf(value), budget.bytes / 2)
  const cause = read(value, "cause")
  const isLast = seen.size >= limits.chain || budget.bytes < limits.error
  if (isLast) budget.causes += countCauses(cause, seen)
  const next = cause === undefined || seen.has(cause) || isLast ? undefined : bound(cause, budget, seen)
  return makeError(name, message, `${name}: ${message}${frames}`, next)
}

/** The failures of a cause without its interruptions; these alone where there is nothing else. */
const failuresOf = (cause: Cause.Cause<unknown>): ReadonlyArray<Cause.Reason<unknown>> => {
  const failures = cause.reasons.filter((reason) => reason._tag !== "Interrupt")
  return failures.length === 0 ? cause.reasons : failures
}

const boundReason = (reason: Cause.Reason<unknown>, budget: Budget): Cause.Reason<unknown> => {
  if (reason._tag === "Interrupt") return reason
  const plain = reason._tag === "Fail"
    ? Cause.makeFailReason(bound(reason.error, budget))
    : Cause.makeDieReason(bound(reason.defect, budget))
  return plain.annotate(Context.makeUnsafe(new Map(reason.annotations)))
}

/** The cause with plain errors, as much of it as there is space for. */
const boundCause = (cause: Cause.Cause<unknown>, budget: Budget): Cause.Cause<unknown> => {
  const failures = failuresOf(cause)
  const reasons: Array<Cause.Reason<unknown>> = []
  for (const reason of failures.slice(0, limits.failures)) {
    if (budget.bytes < limits.error) break
    reasons.push(boundReason(reason, budget))
  }
  budget.failures += failures.length - reasons.length
  return Cause.fromReasons(reasons)
}

const renderBounded = (bounded: Cause.Cause<unknown>, budget: Budget): string => {
  const full = Cause.pretty(bounded)
  const text = ForeignValue.clip(full, maxCauseLength - limits.note)
  budget.characters += Math.max(0, full.length - text.length)
  const causes = `${budget.causes >= limits.counted ? "at least " : ""}${budget.causes} nested causes`
  const left = [
    ...(budget.failures === 0 ? [] : [`${budget.failures} failures`]),
    ...(budget.causes === 0 ? [] : [causes]),
    ...(budget.characters === 0 ? [] : [`${budget.characters} character${budget.characters === 1 ? "" : "s"}`])
  ]
  return left.length === 0 ? text : `${text}\n(left out: ${left.join(", ")})`
}

const makeBudget = (): Budget => ({ bytes: maxCauseLength - limits.note, failures: 0, causes: 0, characters: 0 })

/** The text of each error that `plain` has made: rendering it once more would cut it once more. */
const texts = new WeakMap<object, string>()

const textOfPlain = (cause: Cause.Cause<unknown>): string | undefined => {
  const error = cause.reasons.length === 1 ? Cause.squash(cause) : undefined
  return isObject(error) ? texts.get(error) : undefined
}

/** The text of a cause: messages, stacks and nested causes. */
export const render = (cause: Cause.Cause<unknown>): string =>
  attempt(() => {
    if (cause.reasons.length === 0) return "The cause is empty"
    const budget = makeBudget()
    return textOfPlain(cause) ?? renderBounded(boundCause(cause, budget), budget)
  }, unrenderable)

/** One error with the name and the message of the first failure, whose stack is the text of the whole cause. */
const makePlain = (cause: Cause.Cause<unknown>): Error => {
  const budget = makeBudget()
  const bounded = boundCause(cause, budget)
  const [first] = Cause.prettyErrors(bounded)
  const text = renderBounded(bounded, budget)
  const { name } = first!
  const message = ForeignValue.clip(first!.message, maxCauseLength / 2)
  const header = `${name}: ${message}`
  // A renderer looks for frames below the first line.
  const rest = text.slice(header.length).replace(/^(?=[^\n])/, "\n")
  const error = makeError(name, message, header + rest)
  texts.set(error, text)
  return error
}

const onlyInterrupts = (cause: Cause.Cause<unknown>): Cause.Cause<never> =>
  Cause.fromReasons(
    cause.reasons.slice(0, limits.failures).flatMap((reason) =>
      Cause.isInterruptReason(reason) ? [Cause.makeInterruptReason(reason.fiberId)] : []
    )
  )

/**
 * A cause that is safe to hand to whatever renders it, such as a logger or an exporter: one plain error with the name and
 * the message of the first failure, whose stack is the text of the whole cause. A cause of interruptions alone stays one.
 */
export const plain = (cause: Cause.Cause<unknown>): Cause.Cause<unknown> =>
  attempt(() => {
    if (cause.reasons.length === 0 || textOfPlain(cause) !== undefined) return cause
    if (Cause.hasInterruptsOnly(cause)) return onlyInterrupts(cause)
    const error = makePlain(cause)
    return Cause.hasFails(cause) ? Cause.fail(error) : Cause.die(error)
  }, Cause.die(makeError("Error", unrenderable, `Error: ${unrenderable}`)))

/** A plain error in place of anything that was thrown, with its name, its message and its stack. */
export const toError = (thrown: unknown): Error => Cause.squash(plain(Cause.fail(thrown))) as Error

const isType = (text: unknown): text is string => typeof text === "string" && /^[\w.$:/@-]{1,100}$/.test(text)

/** The tag or the name of the first error of a cause, in at most 100 characters; `_OTHER` where it has none. */
export const errorType = (cause: Cause.Cause<unknown>): string =>
  attempt(() => {
    const error = Cause.squash(cause)
    if (!isObject(error)) return "_OTHER"
    const tag = read(error, "_tag")
    const name = isType(tag) ? tag : isA(error, Error) ? read(error, "name") : undefined
    return isType(name) ? name : "_OTHER"
  }, "_OTHER")
