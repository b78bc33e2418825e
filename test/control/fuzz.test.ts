import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { connect } from "node:net"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Client } from "../../src/control/Client.ts"
import * as ControlServer from "../../src/control/ControlServer.ts"
import * as Domain from "../../src/model/Domain.ts"
import { awaitStates, tick } from "../support/app.ts"
import { awaitState } from "../support/awaitState.ts"
import * as LogLines from "../support/LogLines.ts"
import { served, token } from "./support.ts"

/** Numbers from a seed (mulberry32), so that what fails fails again. */
const random = (seed: number) => {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (n: number) => Math.floor(next() * n)
  const pick = <A>(from: ReadonlyArray<A>): A => from[below(from.length)]!
  return { next, below, pick }
}

const methods = [
  "GET",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "PROPFIND",
  "M-SEARCH",
  "QUERY",
  "CONNECT",
  "get",
  "",
  "G ET",
  "BREW"
]
const paths = [
  "/",
  "/health/live",
  "/health/ready",
  "/health/startup",
  "/api/v1/tick",
  "/api/v1/stats",
  "/api/v1/domains",
  "/api/v1/domains/store",
  "/api/v1/domains/store/restart",
  "/api/v1/domains/store/activate",
  "/api/v1/domains/store/deactivate",
  "/api/v1/history",
  "/metrics",
  "/openapi.json",
  "/api/v1/analysis/boot",
  "/api//v1///tick",
  "/api/v1/domains/",
  "/../../etc/passwd",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/api/v1/domains/%00",
  "/api/v1/domains/%ff%fe",
  "/api/v1/domains/%",
  "/api/v1/domains/%zz/restart",
  "*",
  "//evil.example/",
  "http://x/",
  "",
  "/api/v1/domains/__proto__",
  "/api/v1/domains/constructor/restart",
  `/api/v1/domains/${"a".repeat(5_000)}`
]
const queries = [
  "",
  "",
  "?",
  "?limit=0",
  "?limit=1e99",
  "?limit=NaN",
  "?limit=1&limit=2",
  "?cursor=%00",
  "?cursor=o123",
  "?since=never",
  "?since=-1",
  "?status=__proto__",
  "?domain=%27%3B--",
  "?order=oldest",
  "?a[b]=c",
  "?__proto__=1",
  "?%",
  "?=&&==",
  "?until=999999999999999999999",
  `?domain=${"x".repeat(3_000)}`,
  "#fragment",
  ";x",
  "?lastEventId=1"
]
const headers = [
  "Host: localhost",
  "Host: evil.example",
  "Host:",
  "Host: localhost\r\nHost: evil.example",
  "Host: [::1",
  "Origin: null",
  "Origin: http://evil.example",
  "Origin: \u0001",
  `Authorization: Bearer ${token}`,
  "Authorization: Bearer",
  "Authorization: Basic AAAA",
  "Authorization: Bearer \u00ff\u00fe",
  "authorization: bearer x",
  "Content-Length: 5",
  "Content-Length: -1",
  "Content-Length: 99999999999",
  "Content-Length: 1, 2",
  "Content-Type: text/plain",
  "Content-Type: application/json",
  "Content-Type: ;;;",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Expect: 100-continue",
  "Expect: nonsense",
  "Upgrade: websocket\r\nConnection: Upgrade",
  "Range: bytes=5-1",
  "Range: bytes=-",
  "If-None-Match: *",
  "If-None-Match: \"",
  "Last-Event-ID: 7",
  "traceparent: 00-zz-zz-00",
  "Cookie: a=b; =; ;",
  "X: " + "y".repeat(20_000),
  "No colon",
  "\u0000: x",
  "Accept-Encoding: gzip",
  "Forwarded: for=x",
  "Connection: keep-alive"
]
const bodies = [
  "",
  "",
  "{}",
  "{",
  "null",
  "[]",
  "x=1",
  "\u0000\u0001",
  "5\r\nhello\r\n0\r\n\r\n",
  "zz\r\n",
  "{\"a\":".repeat(500),
  "y".repeat(40_000)
]

const request = ({ below, next, pick }: ReturnType<typeof random>): Buffer => {
  if (next() < 0.05) return Buffer.from(Array.from({ length: below(300) }, () => below(256)))
  const version = next() < 0.9 ? "HTTP/1.1" : pick(["HTTP/1.0", "HTTP/2.0", "HTTP/9", "", "RTSP/1.0"])
  const lines = [`${next() < 0.7 ? pick(["GET", "POST"]) : pick(methods)} ${pick(paths)}${pick(queries)} ${version}`]
  if (next() < 0.9) lines.push("Host: 127.0.0.1")
  if (next() < 0.3) lines.push(`Authorization: Bearer ${token}`)
  for (let n = below(4); n > 0; n--) lines.push(pick(headers))
  lines.push("Connection: close")
  const text = Buffer.from(`${lines.join("\r\n")}\r\n\r\n${pick(bodies)}`, "latin1")
  return next() < 0.05 ? text.subarray(0, below(text.length)) : text
}

/** What came back on a connection of its own: the status, or nothing where the server hung up or waits for more. */
const answer = (port: number, bytes: Buffer) =>
  Effect.callback<{ readonly status: number | undefined; readonly text: string }>((resume) => {
    let text = ""
    const socket = connect(port, "127.0.0.1", () => socket.end(bytes))
    const done = () => {
      socket.destroy()
      const status = /^HTTP\/1\.1 (?!100)(\d{3})/m.exec(text)?.[1]
      resume(Effect.succeed({ status: status === undefined ? undefined : Number(status), text }))
    }
    socket.on("data", (data) => {
      text += data.toString("latin1")
    }).on("error", done).on("close", done)
  })

const collect = () => {
  setFlagsFromString("--expose-gc")
  runInNewContext("gc")()
  return process.memoryUsage().heapUsed
}

const store = Domain.make("store", { layer: Layer.empty, criticality: "optional" })

describe("10,000 malformed requests", () => {
  it.live("never get a 500, and leave neither streams nor memory behind", () =>
    Effect.gen(function*() {
      yield* tick
      yield* awaitStates({ store: "active" })
      const { url } = yield* ControlServer.ControlServer
      const port = Number(new URL(url).port)
      const source = random(4747)
      const seen = new Map<number | undefined, number>()
      const round = (count: number) =>
        Effect.forEach(Array.from({ length: count }, () => request(source)), (bytes) =>
          Effect.map(answer(port, bytes), ({ status, text }) => {
            seen.set(status, (seen.get(status) ?? 0) + 1)
            if (status !== undefined && status >= 500) {
              assert.fail(
                `${status} for ${JSON.stringify(bytes.toString("latin1").slice(0, 400))}: ${text.slice(0, 400)}`
              )
            }
            if (status !== undefined && status >= 400 && !text.includes("application/problem+json")) {
              assert.fail(
                `No problem for ${JSON.stringify(bytes.toString("latin1").slice(0, 400))}: ${text.slice(0, 400)}`
              )
            }
          }), { concurrency: 32, discard: true })

      yield* round(3_000)
      const before = collect()
      yield* round(7_000)
      const client = yield* Client
      yield* awaitState(
        "nobody follows",
        Effect.map(client.system.stats(), ({ followers }) =>
          followers === 0)
      )
      assert.isBelow((collect() - before) / 2 ** 20, 8)
      assert.strictEqual((yield* client.health.live()).status, "pass")
      for (const status of [200, 400, 401, 403, 404, 405, 413, 415, 429]) {
        assert.deepStrictEqual([status, seen.has(status)], [status, true])
      }
      const { lines } = yield* LogLines.LogLines
      assert.deepStrictEqual(
        lines.filter(({ level }) =>
          level !== "Info" && level !== "Debug"
        ),
        []
      )
    }).pipe(Effect.provide(served([store]))), 60_000)
})
