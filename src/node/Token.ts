import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

/** The fewest characters of a given token: shorter ones can be guessed. */
export const minimumLength = 16

const digest = (text: string): Effect.Effect<Uint8Array> =>
  Effect.promise(async () =>
    new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))
  )

/** A new token: 256 random bits in URL-safe letters. */
export const generate = (): string => {
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(32))
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
}

/**
 * Compares a text with the token. Digests of one length are compared in full, so that the time does not depend on how
 * much of the text is right, nor on the token's length.
 */
export const matcher = (token: Redacted.Redacted<string>) =>
  Effect.map(
    digest(Redacted.value(token)),
    (expected) => (shown: string): Effect.Effect<boolean> =>
      Effect.map(digest(shown), (given) => {
        let difference = 0
        for (let i = 0; i < expected.length; i++) difference |= expected[i]! ^ given[i]!
        return difference === 0
      })
  )

/** What follows `Bearer` in an `Authorization` header; empty when there is none. */
export const ofHeader = (authorization: string | undefined): string =>
  /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? ""
