import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { int } from "./arbitraries.ts"

const no = (): never => {
  throw new Error("no")
}

const throwing = { get: no, enumerable: true, configurable: true }

/** Throws at whatever is done to it. */
const traps = new Proxy({}, new Proxy({}, { get: no }))

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const chain = (length: number): Error =>
  Array.from({ length }).reduce<Error>((cause, _, i) => new Error(String(i), { cause }), new Error("innermost"))

class Silent extends Schema.TaggedError<Silent>()("Silent", { n: Schema.Int }) {
  override get message(): string {
    return no()
  }
}

const circular = (): Error => {
  const error = new Error("circular")
  return Object.assign(error, { cause: new TypeError("inner", { cause: error }), self: error })
}

/** An error whose cause is a new error each time. */
const endless = (): Error =>
  Object.defineProperty(new Error("endless"), "cause", { get: endless, configurable: true }) as Error

/** What users' code may fail with, by what is wrong with it. */
export const failures: { readonly [what: string]: () => unknown } = {
  "an error": () => new Error("plain"),
  "a chain of 3": () => chain(3),
  "a chain of 5,000": () => chain(5_000),
  "an endless chain": endless,
  "a circular error": circular,
  "a message of 10 MB": () => new Error("m".repeat(10_000_000)),
  "a stack of 10 MB": () => Object.assign(new Error("stack"), { stack: "Error: stack\n" + "    at x\n".repeat(1e6) }),
  "a name of 10 MB": () => Object.assign(new Error("named"), { name: "n".repeat(10_000_000) }),
  "a string of 10 MB": () => "s".repeat(10_000_000),
  "a NUL character": () => new Error("a\u0000b"),
  "lone surrogates": () => new Error("\ud800 and \udc00"),
  "control characters": () => new Error("\u001b[31mred\u0007\u202e"),
  "a message that throws": () => Object.defineProperty(new Error("x"), "message", throwing),
  "a stack that throws": () => Object.defineProperty(new Error("x"), "stack", throwing),
  "a name that throws": () => Object.defineProperty(new Error("x"), "name", throwing),
  "a cause that throws": () => Object.defineProperty(new Error("x"), "cause", throwing),
  "a key that throws": () => Object.defineProperty(new Error("x"), "key", throwing),
  "a tag that throws": () => Object.defineProperty(new Error("x"), "_tag", throwing),
  "a tagged error whose message throws": () => new Silent({ n: 1 }),
  "a symbol for a name": () => Object.assign(new Error("x"), { name: Symbol("name"), message: Symbol("message") }),
  "toString that throws": () => ({ toString: no }),
  "toString that returns an object": () => ({ toString: () => traps }),
  "toJSON that throws": () => ({ toJSON: no }),
  "toJSON that returns itself": () => {
    const self = { toJSON: () => self }
    return self
  },
  "toPrimitive that throws": () => ({ [Symbol.toPrimitive]: no }),
  "a proxy that throws": () => traps,
  "a revoked proxy": revoked,
  "a proxy of an error": () => new Proxy(new Error("behind"), {}),
  "errors in an error": () => new AggregateError([new Error("one"), "two", revoked(), traps], "several"),
  "a million errors in an error": () => new AggregateError(Array.from({ length: 1_000_000 }, () => 1), "many"),
  "an array of a million": () => Array.from({ length: 1_000_000 }, (_, i) => i),
  "a typed array": () => new Uint8Array(10_000_000),
  "an object with 100,000 keys": () => Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key${i}`, i])),
  "an object of great depth": () =>
    Array.from({ length: 100_000 }).reduce<object>((inner) => ({ inner }), { inner: null }),
  "an object without a prototype": () => Object.create(null),
  "a circular object": () => {
    const self: { self?: unknown } = {}
    self.self = self
    return self
  },
  "a function": () => no,
  "a class": () => Silent,
  "a symbol": () => Symbol("symbol"),
  "a bigint": () => 12n,
  "a bigint of a million digits": () => 10n ** 1_000_000n,
  "undefined": () => undefined,
  "null": () => null,
  "a number": () => Number.NaN,
  "an empty string": () => "",
  "an effect": () => Effect.void,
  "an option": () => Option.some(revoked()),
  "a schema error": () => Schema.decodeUnknownExit(Schema.Struct({ a: Schema.Int }))({ a: "x".repeat(100_000) }),
  "a date that is none": () => new Date(Number.NaN)
}

/** The same without the large ones, which take a while to make. */
export const small: typeof failures = Object.fromEntries(
  Object.entries(failures).filter(([what]) => !/10 MB|million|100,000|depth|typed|endless|5,000/.test(what))
)

const all = Object.values(failures)

/** Any of them, or an error made of several: caused by one, holding another, with a part that is a third. */
export const failure: Arbitrary.Arbitrary<() => unknown> = Arbitrary.all({
  shape: int(0, 4),
  key: int(0, 5),
  one: int(0, all.length - 1),
  two: int(0, all.length - 1)
}).pipe(Arbitrary.map(({ key, one, shape, two }) => () => {
  const first = all[one]!()
  const second = all[two]!()
  switch (shape) {
    case 0:
      return new Error("outer", { cause: first })
    case 1:
      return new AggregateError([first, second], "outer", { cause: second })
    case 2:
      return { first, second }
    case 3: {
      const name = ["message", "name", "stack", "cause", "_tag", "toJSON"][key]!
      return Object.defineProperty(new Error("outer"), name, { get: () => first, enumerable: true })
    }
    default:
      return first
  }
}))
