import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Postgres from "../../src/postgres/Postgres.ts"
import { allEvents } from "../../src/testing/Simulation.ts"
import { Repo } from "../../src/trail/Repo.ts"
import * as PostgresProcess from "../support/PostgresProcess.ts"

const operator = fileURLToPath(new URL("programs/operator.ts", import.meta.url))
const rounds = 50

interface Acknowledged {
  readonly runId: string
  readonly domain: string
  readonly count: number
}

/** Lets the program run until it has acknowledged some operations and a moment longer, kills it, and gives what it said. */
const crash = (url: string, operations: number, longerMs: number) =>
  Effect.callback<ReadonlyArray<Acknowledged>>((resume) => {
    const child: ChildProcess = spawn(process.execPath, [operator, url], { stdio: ["ignore", "pipe", "pipe"] })
    const said: Array<Acknowledged> = []
    let errors = ""
    child.stderr!.setEncoding("utf8").on("data", (text: string) => errors += text)
    const lines = createInterface({ input: child.stdout! })
    lines.on("line", (line) => {
      said.push(JSON.parse(line))
      if (said.length === operations) setTimeout(() => child.kill("SIGKILL"), longerMs)
    })
    lines.on("close", () => resume(errors === "" ? Effect.succeed(said) : Effect.die(new Error(errors))))
    return Effect.sync(() => child.kill("SIGKILL"))
  })

describe("Where the trail is required", () => {
  it.live(`a program killed at any moment, ${rounds} times, has in the trail every operation that had returned`, () =>
    Effect.gen(function*() {
      const server = yield* PostgresProcess.make()
      const acknowledged = new Map<string, number>()
      let operations = 0
      for (let round = 0; round < rounds; round++) {
        const said = yield* crash(
          server.url,
          yield* Random.nextIntBetween(1, 200),
          yield* Random.nextIntBetween(0, 100)
        )
        operations += said.length
        for (const { count, domain, runId } of said) acknowledged.set(`${runId} ${domain}`, count)
      }
      const events = yield* Effect.flatMap(Repo, allEvents).pipe(
        Effect.provide(Postgres.layer({ url: Redacted.make(server.url) }))
      )
      const kept = new Map<string, number>()
      for (const { domain, from, reason, runId, to } of events) {
        if (from !== "active" || to !== "deactivating" || reason !== "operator") continue
        const key = `${runId} ${domain}`
        kept.set(key, (kept.get(key) ?? 0) + 1)
      }
      const lost = Array.from(acknowledged).filter(([key, count]) => (kept.get(key) ?? 0) < count)
      console.info(
        `${operations} acknowledged operations in ${rounds} runs that were killed; ${events.length} transitions kept`
      )
      assert.deepStrictEqual(lost, [])
      assert.strictEqual(new Set(events.map((event) => event.runId)).size, rounds)
      assert.isAtLeast(operations, rounds)
    }))
})
