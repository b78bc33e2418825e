import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SqlClient } from "effect/sql/SqlClient"
import { join } from "node:path"
import { makeEvents } from "../../bench/Events.ts"
import * as EmbeddedPostgres from "../../src/postgres/embedded/EmbeddedPostgres.ts"
import * as PostmasterFile from "../../src/postgres/embedded/PostmasterFile.ts"
import * as SqlRepo from "../../src/postgres/SqlRepo.ts"
import { allEvents } from "../../src/testing/Simulation.ts"
import * as Outbox from "../../src/trail/Outbox.ts"
import { OutboxIntake } from "../../src/trail/OutboxIntake.ts"
import { Repo } from "../../src/trail/Repo.ts"
import * as TrailStatus from "../../src/trail/TrailStatus.ts"
import { temporaryFolder } from "../support/Database.ts"

describe("The embedded server", () => {
  it.live("is killed twice while 100,000 transitions are written: each is there once, in order for each domain", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const server = yield* EmbeddedPostgres.acquire(folder)
      yield* Effect.gen(function*() {
        const outbox = yield* Outbox.Outbox
        const { offer } = yield* OutboxIntake
        const sql = yield* SqlClient
        const all = (yield* makeEvents)(100_000)
        const kills = new Set([40_000, 70_000])
        for (let i = 0; i < all.length; i += 500) {
          while ((yield* outbox.stats).backlog > 8_000) yield* Effect.sleep("1 millis")
          offer(all.slice(i, i + 500))
          if (kills.delete(i)) process.kill(PostmasterFile.read(join(folder, "postgres"))!.pid, "SIGKILL")
        }
        yield* outbox.flush
        const { dropped, written } = yield* outbox.stats
        assert.deepStrictEqual({ dropped, written }, { dropped: 0, written: 100_000 })
        const kept = yield* allEvents(yield* Repo)
        assert.deepStrictEqual(kept.map((event) => event.id), all.map((event) => event.id))
        const byDomain = Map.groupBy(kept, (event) => event.domain)
        for (const [domain, events] of byDomain) {
          assert.deepStrictEqual(events, all.filter((event) => event.domain === domain))
        }
        const rows = yield* sql<{ domain_name: string; event: string }>`
          select domain_name, metadata->>'eventId' as event from thunderline.active_domain_registry`
        assert.strictEqual(rows.length, byDomain.size)
        for (const row of rows) assert.strictEqual(row.event, byDomain.get(row.domain_name)!.at(-1)!.id)
      }).pipe(Effect.provide(
        Outbox.layer().pipe(
          Layer.provideMerge(Layer.merge(SqlRepo.layer(), TrailStatus.layer)),
          Layer.provideMerge(PgClient.layer(server))
        )
      ))
    }))
})
