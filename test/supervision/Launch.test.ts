import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Runtime from "effect/Runtime"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import { vi } from "vitest"
import * as Domain from "../../src/model/Domain.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import { appText, folder, start } from "../cli/Process.ts"
import * as LogLines from "../support/LogLines.ts"

/** The code that a process ends with after this exit. */
const codeOf = (exit: Exit.Exit<unknown, unknown>) => {
  let code: number | undefined
  Runtime.defaultTeardown(exit, (given) => void (code = given))
  return code
}

const steady = Domain.make("steady", { layer: Layer.empty })
const failing = Domain.make("failing", {
  layer: Layer.effectDiscard(Effect.die("no luck")),
  restart: "never",
  escalate: true
})

/** The log lines of the launch itself, and of domains that end. */
const story = Effect.map(
  LogLines.LogLines,
  (lines) => lines.texts().filter((line) => /^\[Thunderline\]|deactivated/.test(line))
)

describe("launch", () => {
  it.effect("ends in order and succeeds when it is interrupted, so that the process exits 0", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Thunderline.launch(Thunderline.layer({ domains: [steady] })))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)
      assert.deepStrictEqual(exit, Exit.void)
      assert.strictEqual(codeOf(exit), 0)
      assert.deepStrictEqual(yield* story, [
        "[Thunderline] Shutting down",
        "[DomainRegistry] Domain deactivated: steady",
        "[Thunderline] Stopped"
      ])
    }).pipe(Effect.provide(LogLines.layer)))

  it.effect("ends in order and fails with 70 when a domain escalates", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Thunderline.launch(Thunderline.layer({ domains: [steady, failing] })))
      yield* TestClock.adjust("2 seconds")
      const exit = yield* Fiber.await(fiber)
      assert.strictEqual(codeOf(exit), 70)
      const [escalated, ...rest] = yield* story
      assert.match(escalated!, /^\[Thunderline\] Shutting down: Domain failing is crashed for good .* no luck$/)
      assert.deepStrictEqual(rest, ["[DomainRegistry] Domain deactivated: steady", "[Thunderline] Stopped"])
    }).pipe(Effect.provide(LogLines.layer)))

  it.effect("fails with what kept the application from starting, and logs nothing of its own", () =>
    Effect.gen(function*() {
      const app = Thunderline.layer({ domains: [steady, steady] })
      const exit = yield* Effect.exit(Thunderline.launch(app))
      assert.strictEqual(codeOf(exit), 1)
      assert.deepStrictEqual(yield* story, [])
    }).pipe(Effect.provide(LogLines.layer)))

  it.effect("lets its fiber be interrupted again once it has ended", () =>
    Effect.gen(function*() {
      const ended = Deferred.makeUnsafe<void>()
      const launched = Thunderline.launch(Thunderline.layer({ domains: [steady] }))
      const fiber = yield* Effect.forkChild(
        launched.pipe(Effect.andThen(Deferred.succeed(ended, undefined)), Effect.andThen(Effect.never))
      )
      yield* TestClock.adjust("1 second")
      fiber.interruptUnsafe()
      yield* Deferred.await(ended)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(codeOf(yield* Fiber.await(fiber)), 130)
    }).pipe(Effect.provide(LogLines.layer)))

  /** A layer that does not end, however it is asked to. */
  const stuck = Layer.effectDiscard(Effect.acquireRelease(Effect.void, () => Effect.never))
  const abandoned = "[Thunderline] Shutdown exceeded shutdownTimeout (10s); abandoned: a layer of the app's own"

  it.effect("abandons a layer of the app that does not end, says so, and succeeds", () =>
    Effect.gen(function*() {
      const app = Thunderline.layer({ domains: [steady], shutdownTimeout: "10 seconds" }).pipe(
        Layer.provideMerge(stuck)
      )
      const fiber = yield* Effect.forkDetach(Thunderline.launch(app))
      yield* TestClock.adjust("2 seconds")
      fiber.interruptUnsafe()
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(codeOf(yield* Fiber.await(fiber)), 0)
      assert.deepStrictEqual(yield* story, [
        "[Thunderline] Shutting down",
        "[DomainRegistry] Domain deactivated: steady",
        abandoned,
        "[Thunderline] Stopped"
      ])
    }).pipe(Effect.provide(LogLines.layer)))

  it.effect("still fails with 70 when a domain escalates and a layer does not end", () =>
    Effect.gen(function*() {
      const app = Thunderline.layer({ domains: [failing], shutdownTimeout: "10 seconds" }).pipe(
        Layer.provideMerge(stuck)
      )
      const fiber = yield* Effect.forkDetach(Thunderline.launch(app))
      yield* TestClock.adjust("2 seconds")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(codeOf(yield* Fiber.await(fiber)), 70)
      assert.include(yield* story, abandoned)
    }).pipe(Effect.provide(LogLines.layer)))

  it.effect("names the stages of the application that do not end", () =>
    Effect.gen(function*() {
      const repo = MemoryRepo.layer.pipe(Layer.provideMerge(stuck))
      const fiber = yield* Effect.forkDetach(Thunderline.launch(Thunderline.layer({ domains: [steady], repo })))
      yield* TestClock.adjust("2 seconds")
      fiber.interruptUnsafe()
      yield* TestClock.adjust("25 seconds")
      yield* Fiber.await(fiber)
      assert.include(yield* story, "[Thunderline] Shutdown exceeded shutdownTimeout (25s); abandoned: repo")
    }).pipe(Effect.provide(LogLines.layer)))

  it.effect("ends although a layer is being built that cannot be interrupted", () =>
    Effect.gen(function*() {
      const building = Layer.effectDiscard(Effect.uninterruptible(Effect.never))
      const fiber = yield* Effect.forkDetach(
        Thunderline.launch(Thunderline.layer({ domains: [steady] }).pipe(Layer.provideMerge(building)))
      )
      yield* TestClock.adjust("1 second")
      fiber.interruptUnsafe()
      yield* TestClock.adjust("25 seconds")
      assert.strictEqual(codeOf(yield* Fiber.await(fiber)), 0)
      assert.include(
        yield* story,
        "[Thunderline] Shutdown exceeded shutdownTimeout (25s); abandoned: a layer of the app's own"
      )
    }).pipe(Effect.provide(LogLines.layer)))

  it.effect("ends in order with a logger and a tracer that throw", () =>
    Effect.gen(function*() {
      const no = (): never => {
        throw new Error("no")
      }
      const spy = vi.spyOn(console, "error").mockReturnValue(undefined)
      for (const [domain, code] of [[steady, 0], [failing, 70]] as const) {
        const fiber = yield* Effect.forkDetach(
          Thunderline.launch(Thunderline.layer({ domains: [domain] })).pipe(
            Effect.provide(Logger.layer([Logger.make(no)])),
            Effect.provideService(Tracer.Tracer, Tracer.make({ span: no }))
          )
        )
        yield* TestClock.adjust("2 seconds")
        fiber.interruptUnsafe()
        assert.strictEqual(codeOf(yield* Fiber.await(fiber)), code)
      }
      spy.mockRestore()
    }))

  it.live.each([["steady", 0], ["failing", 70], ["twice", 1]] as const)(
    "makes a process of NodeRuntime.runMain whose app is %s exit with %d",
    ([name, expected]) =>
      Effect.gen(function*() {
        const text = appText(`
          const steady = Domain.make("steady", { layer: Layer.empty })
          const apps = {
            steady: [steady],
            failing: [steady, Domain.make("failing", {
              layer: Layer.effectDiscard(Effect.fail(new Error("no luck"))), restart: "never", escalate: true
            })],
            twice: [steady, steady]
          }
          NodeRuntime.runMain(Thunderline.launch(Thunderline.layer({ domains: apps.${name}, interval: "20 millis" })))
        `)
        const runtime = JSON.stringify(import.meta.resolve("@effect/platform-node/NodeRuntime"))
        const cwd = yield* folder({ "main.ts": `import * as NodeRuntime from ${runtime}\n${text}` })
        const program = yield* start(process.execPath, ["main.ts"], { cwd })
        if (name === "steady") {
          yield* program.says("Domain activated: steady")
          yield* program.kill("SIGTERM")
        }
        const { code, stdout } = yield* program.ended
        assert.strictEqual(code, expected, stdout)
        if (name === "failing") assert.lengthOf(stdout.match(/ends the program/g)!, 1)
      })
  )
})
