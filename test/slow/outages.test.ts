import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { readFileSync } from "node:fs"
import { createServer, type Server, type Socket } from "node:net"
import { join } from "node:path"
import { appText, canBeFound, folder, thunderline } from "../cli/Process.ts"

/** A domain that needs a TCP server, with its default policy or a limit, and one that depends on it. */
const app = (port: number, restart: string) =>
  appText(`
import { connect } from "node:net"
const socket = Effect.callback((resume) => {
  const socket = connect(${port}, "127.0.0.1")
  socket.once("data", () => resume(Effect.succeed(socket))).once("error", (error) => resume(Effect.fail(error)))
  return Effect.sync(() => socket.destroy())
})
let current
const store = Domain.make("store", {
  layer: Layer.effectDiscard(Effect.acquireRelease(Effect.map(socket, (made) => (current = made)), (made) =>
    Effect.sync(() => made.destroy()))),
  workers: { watch: Effect.callback((resume) => {
    const lost = () => resume(Effect.fail(new Error("The connection is lost")))
    if (current.destroyed) lost()
    else current.once("close", lost)
  }) },
  ${restart}
})
const shop = Domain.make("shop", { dependsOn: [store], layer: Layer.empty, onTick: () => Effect.void })
export const domains = [store, shop]`)

/** A TCP server that greets each connection, and can be away. */
const makeServer = Effect.gen(function*() {
  const sockets = new Set<Socket>()
  let server: Server | undefined
  let port = 0
  const open = Effect.callback<void>((resume) => {
    server = createServer((socket) => {
      sockets.add(socket)
      socket.on("error", () => {}).on("close", () => sockets.delete(socket)).write("hello")
    })
    server.listen(port, "127.0.0.1", () => {
      port = (server!.address() as { readonly port: number }).port
      resume(Effect.void)
    })
  })
  const close = Effect.callback<void>((resume) => {
    server!.close(() => resume(Effect.void))
    for (const socket of sockets) socket.destroy()
  })
  yield* Effect.acquireRelease(open, () => close)
  return { port, open, close }
})

const isReady = (url: string) => Effect.promise(() => fetch(`${url}/health/ready`).then(({ status }) => status === 200))

const until = (url: string, ready: boolean) =>
  Effect.repeat(isReady(url), { until: (now) => now === ready, schedule: Schedule.spaced("50 millis") })

/** Starts a program that is ready, on a server of its own. */
const ready = Effect.fnUntraced(function*(restart = "") {
  const server = yield* makeServer
  const cwd = yield* folder({ "app.ts": app(server.port, restart) })
  const program = yield* thunderline(
    ["start", "app.ts", "--database", "memory", "--port", "0", "--state-dir", "state", "--log-format", "json"],
    { cwd }
  )
  yield* program.says("Domain activated: shop")
  yield* canBeFound(join(cwd, "state"))
  const { url } = JSON.parse(readFileSync(join(cwd, "state/control.json"), "utf8")) as { readonly url: string }
  yield* until(url, true)
  return { server, program, url }
})

describe("a program whose dependency is away", () => {
  it.live(
    "is ready within 40 s of its return: 10 outages of 1 to 10 s, in five programs",
    () =>
      Effect.gen(function*() {
        const lives = [[1, 6], [2, 10], [4, 3], [7, 1], [10, 5]]
        const healed = yield* Effect.forEach(lives, (outages) =>
          Effect.gen(function*() {
            const { server, url } = yield* ready()
            return yield* Effect.forEach(outages, (seconds) =>
              Effect.gen(function*() {
                yield* server.close
                yield* until(url, false)
                yield* Effect.sleep(Duration.seconds(seconds))
                yield* server.open
                const [took] = yield* Effect.timed(until(url, true))
                return { seconds, took }
              }))
          }), { concurrency: "unbounded" })
        for (const { seconds, took } of healed.flat()) {
          console.log(`away for ${seconds} s: ready ${(Duration.toMillis(took) / 1_000).toFixed(1)} s after the return`)
          assert.isAtMost(Duration.toMillis(took), 40_000)
        }
        assert.lengthOf(healed.flat(), 10)
      }),
    120_000
  )

  it.live("has ended with 70 where its domain has a limit of restarts", () =>
    Effect.gen(function*() {
      const { program, server } = yield* ready("restart: Domain.restartPolicy({ limit: 3 })")
      yield* server.close
      const { code, stderr, stdout } = yield* program.ended
      assert.strictEqual(code, 70, stdout)
      assert.match(stdout, /\[Store\] Stays crashed: its limit is spent \(3 restarts within 1m of being active\)/)
      assert.match(stdout, /\[Thunderline\] Stopped/)
      assert.match(stderr, /^thunderline: Domain store is crashed for good and ends the program: .*ECONNREFUSED/)
      yield* server.open
    }))
})
