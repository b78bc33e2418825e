import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { DomainRegistry } from "../heartbeat/DomainRegistry.ts"
import { CurrentRun } from "../trail/CurrentRun.ts"
import { encodeList, fromView } from "./DomainInfo.ts"

/** How old the list may be, in milliseconds, when no state and no tick has changed: health changes without both. */
const listAge = 250

/** The list of domains as it is sent. It is encoded again only when something has changed. */
export const make = Effect.gen(function*() {
  const { runId } = yield* CurrentRun
  const registry = yield* DomainRegistry
  const clock = yield* Clock.Clock
  let made = 0
  let known: {
    readonly version: number
    readonly tick: number
    readonly at: number
    readonly text: string
    readonly etag: string
    readonly response: HttpServerResponse.HttpServerResponse
  } | undefined

  return Effect.gen(function*() {
    const version = yield* registry.version
    const tick = yield* registry.currentTick
    const at = clock.currentTimeMillisUnsafe()
    if (known !== undefined && known.version === version && known.tick === tick && at - known.at < listAge) return known
    const views = yield* registry.snapshot
    const active = yield* registry.activeCount
    const text = encodeList({ tick, active, domains: views.map(fromView) })
    const same = known !== undefined && known.text === text ? known : undefined
    const etag = same?.etag ?? `"${runId}-${++made}"`
    const response = same?.response ?? HttpServerResponse.uint8Array(new TextEncoder().encode(text), {
      contentType: "application/json",
      headers: { etag, "cache-control": "no-cache" }
    })
    known = { version, tick, at, text, etag, response }
    return known
  })
})
