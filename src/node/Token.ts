import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

/** The fewest characters of a token that is given: shorter ones can be guessed. */
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
 * Compares what is shown with the token. Digests of one length are compared in full, so that the time it takes tells
 * neither how much was right nor how long the token is.
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
