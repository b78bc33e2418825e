/**
 * Looks at values that users' code has made: errors, what a getter returns, metadata. Nothing here throws, whatever the
 * value is. Getters, `toString` and `toJSON` are called; a synchronous loop in one of them cannot be ended.
 */
import * as Redactable from "effect/Redactable"

/** Of a copy: how deep it is, how many keys or elements each object has, how many values it has altogether, how long each is. */
const limits = { depth: 4, keys: 32, nodes: 512, name: 128, text: 1024 }

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** The beginning of a text, in at most so many bytes of UTF-8: valid Unicode without NUL characters. */
export const clip = (text: string, bytes: number): string => {
  // A character takes at most three bytes, most texts are short, and encoding them takes time.
  if (text.length * 3 <= bytes) return text.replaceAll("\u0000", "").toWellFormed()
  const buffer = new Uint8Array(Math.max(0, bytes))
  const { written } = encoder.encodeInto(text.replaceAll("\u0000", ""), buffer)
  // Decoded, it does not hold on to the text that it was cut from.
  return decoder.decode(buffer.subarray(0, written))
}

/** How many bytes of UTF-8 a text takes. */
export const sizeOf = (text: string): number => encoder.encode(text).length

/** The result of users' code, or something else where it throws. */
export const attempt = <A, B>(run: () => A, otherwise: B): A | B => {
  try {
    return run()
  } catch {
    return otherwise
  }
}

/** A property; the text that reading it threw, where it did. */
export const read = (from: object, key: string): unknown =>
  attempt(() => (from as { readonly [key: string]: unknown })[key], `[${key} threw]`)

/** Whether a value is an instance of a class. */
export const isA = <A>(value: unknown, of: abstract new(...args: any) => A): value is A =>
  attempt(() => value instanceof of, false)

/** A text for a value that JSON has none for. */
export const nameOf = (value: bigint | symbol | Function): string => {
  if (typeof value === "symbol") return `Symbol(${clip(value.description ?? "", limits.name)})`
  if (typeof value === "function") {
    const name = read(value, "name")
    return `[Function: ${typeof name === "string" ? clip(name, limits.name) : "anonymous"}]`
  }
  // Writing out a number takes time with the square of its length.
  return value < 10n ** 100n && value > -(10n ** 100n) ? `${value}n` : "[bigint of more than 100 digits]"
}

/** What is said instead of the elements or keys that are not copied. */
const more = (all: number, kept: number) => all > kept ? [["…", `${all - kept} more`] as const] : []

/** A copy as plain JSON, cut where the value is too deep or too large. */
const copyOf = (input: unknown): unknown => {
  const above = new Set<object>()
  let nodes = 0

  const copyEach = (value: object): unknown => {
    if (Array.isArray(value) || ArrayBuffer.isView(value)) {
      const { length = 0 } = value as ArrayLike<unknown>
      const kept = Array.from({ length: Math.min(length, limits.keys) }, (_, i) => copy(read(value, String(i))))
      return [...kept, ...more(length, kept.length).map(([_, text]) => text)]
    }
    const own = Object.keys(value)
    const keys = isA(value, Error) ? ["name", "message", ...own] : own
    const kept = keys.slice(0, limits.keys).map((key) => [clip(key, limits.name), copy(read(value, key))] as const)
    return Object.fromEntries([...kept, ...more(keys.length, kept.length)])
  }

  const copy = (given: unknown): unknown => {
    if (++nodes > limits.nodes) return "…"
    const value = attempt(() => Redactable.redact(given), "[redaction threw]")
    if (typeof value === "string") return clip(value, limits.text)
    if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function") return nameOf(value)
    if (typeof value !== "object" || value === null) return value
    if (above.has(value)) return "[Circular]"
    if (above.size === limits.depth) return "[Object]"
    above.add(value)
    const copied = attempt(() => {
      const toJSON = read(value, "toJSON")
      return typeof toJSON === "function" ? copy(toJSON.call(value, "")) : copyEach(value)
    }, "[inspection threw]")
    above.delete(value)
    return copied
  }

  return copy(input)
}

/** A value as JSON, at most a few thousand characters of it. */
export const toJson = (value: unknown): string => JSON.stringify(copyOf(value)) ?? "null"
