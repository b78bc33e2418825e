import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as PubSub from "effect/PubSub"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import { execFileSync } from "node:child_process"
import { chownSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import { SystemPubSub } from "../../src/heartbeat/SystemPubSub.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import * as Postgres from "../../src/postgres/Postgres.ts"
import { allEvents } from "../../src/testing/Simulation.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import * as Outbox from "../../src/trail/Outbox.ts"
import { Repo } from "../../src/trail/Repo.ts"
import * as PostgresProcess from "../support/PostgresProcess.ts"

type Server = PostgresProcess.PostgresProcess

/** What happens to the database, and how it is mended. */
interface Fault {
  readonly settings?: Readonly<Record<string, string>>
  /** How long it lasts. */
  readonly lasts: Duration.Input
  /** Before the program writes anything; a reason why this machine cannot have the fault. */
  readonly prepare?: (server: Server) => Effect.Effect<string | undefined, unknown, Scope.Scope>
  /** Strikes; the effect that it returns mends. */
  readonly inject: (server: Server) => Effect.Effect<Effect.Effect<void, unknown>, unknown, Scope.Scope>
  /** Whether the trail is said to be degraded meanwhile. */
  readonly noticed: boolean
}

/** Asks the server something on a connection of its own, whatever the defaults of sessions. */
const ask = <A, E>(server: Server, use: (sql: SqlClient) => Effect.Effect<A, E>) =>
  Effect.scoped(
    Effect.flatMap(SqlClient, use).pipe(Effect.provide(PgClient.layer({
      url: Redacted.make(server.url),
      maxConnections: 1,
      startupParameters: { default_transaction_read_only: "off" }
    })))
  )

/** Ends the program's sessions, so that it needs new ones. */
const endSessions = (sql: SqlClient) =>
  sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'thunderline'`

const small = (server: Server) => join(server.folder, "small")

const faults: Readonly<Record<string, Fault>> = {
  "stopped": {
    lasts: "3 seconds",
    noticed: true,
    inject: (server) => Effect.as(server.stop("SIGINT"), server.start)
  },
  "killed with kill -9": {
    lasts: "3 seconds",
    noticed: true,
    inject: (server) => Effect.as(server.stop("SIGKILL"), server.start)
  },
  "restarted under load": {
    lasts: "500 millis",
    noticed: false,
    inject: (server) => Effect.as(Effect.andThen(server.stop("SIGINT"), server.start), Effect.void)
  },
  "frozen for 10 seconds": {
    lasts: "10 seconds",
    noticed: true,
    inject: (server) => Effect.as(server.signal("SIGSTOP"), server.signal("SIGCONT"))
  },
  "out of connections": {
    settings: { max_connections: "12" },
    lasts: "3 seconds",
    noticed: true,
    inject: Effect.fnUntraced(function*(server) {
      const scope = yield* Scope.make()
      const hog = PgClient.makeClient({ url: Redacted.make(server.url) }).pipe(
        Effect.tap((sql) => sql`select 1`),
        Effect.retry(Schedule.spaced("1 millis"))
      )
      const first = yield* Scope.provide(hog, scope)
      for (let i = 0; i < 12; i++) yield* Effect.forkIn(Scope.provide(hog, scope), scope)
      yield* Effect.repeat(
        Effect.andThen(
          endSessions(first),
          // Every place is taken, and none by the program: a free one would go to the first that asks.
          first`select 1 from pg_stat_activity where backend_type = 'client backend'
            having count(*) < 12 or bool_or(application_name = 'thunderline')`
        ),
        { until: (rows) => rows.length === 0, schedule: Schedule.spaced("20 millis") }
      )
      return Scope.close(scope, Exit.void)
    }, (effect) => Effect.provide(effect, Reactivity.layer))
  },
  "out of disk": {
    lasts: "3 seconds",
    noticed: true,
    prepare: Effect.fnUntraced(function*(server) {
      const folder = small(server)
      const mounted = yield* Effect.acquireRelease(
        Effect.sync(() => {
          try {
            mkdirSync(folder)
            execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], { stdio: "ignore" })
            mkdirSync(join(folder, "space"), { mode: 0o700 })
            if (server.owner.uid !== undefined) chownSync(join(folder, "space"), server.owner.uid, server.owner.gid)
            return true
          } catch {
            return false
          }
        }),
        (mounted) =>
          mounted
            ? Effect.andThen(
              server.stop("SIGKILL"),
              Effect.sync(() => execFileSync("umount", ["-l", folder]))
            )
            : Effect.void
      )
      if (!mounted) return "a file system cannot be mounted here"
      yield* ask(server, (sql) => sql`create tablespace small location ${sql.literal(`'${join(folder, "space")}'`)}`)
      yield* ask(server, (sql) => sql`alter role thunderline set default_tablespace = small`)
      return undefined
    }),
    inject: (server) =>
      Effect.sync(() => {
        const filler = join(small(server), "filler")
        const { bavail, bsize } = statfsSync(small(server))
        writeFileSync(filler, Buffer.alloc(bavail * bsize))
        return Effect.sync(() => rmSync(filler))
      })
  },
  "locked by another session": {
    lasts: "4 seconds",
    noticed: true,
    inject: Effect.fnUntraced(function*(server) {
      const scope = yield* Scope.make()
      const sql = yield* Scope.provide(PgClient.makeClient({ url: Redacted.make(server.url) }), scope)
      yield* sql`begin`
      yield* sql`lock table thunderline.domain_event in access exclusive mode`
      return Effect.andThen(sql`rollback`, Scope.close(scope, Exit.void))
    }, (effect) => Effect.provide(effect, Reactivity.layer))
  },
  "read-only": {
    lasts: "3 seconds",
    noticed: true,
    inject: (server) => {
      const readOnly = (value: "on" | "off") =>
        ask(server, (sql) =>
          Effect.andThen(
            sql`alter system set default_transaction_read_only = ${sql.literal(value)}`,
            sql`select pg_reload_conf()`
          ))
      return Effect.as(readOnly("on"), Effect.asVoid(readOnly("off")))
    }
  }
}

/** Domains that never come to rest: each crashes and is built again some thirty times a second. */
const restless = Array.from({ length: 3 }, (_, i) =>
  Domain.make(`restless-${i}`, {
    layer: Layer.empty,
    workers: { dying: Effect.delay(Effect.fail(`again`), "20 millis") },
    restart: Domain.restartPolicy({ schedule: Schedule.spaced("10 millis"), limit: 1_000_000 })
  }))

const quantile = (values: ReadonlyArray<number>, q: number) =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * q)] ?? Number.NaN

describe("With the database", () => {
  for (const [name, fault] of Object.entries(faults)) {
    it.live(`${name}, the heart goes on, and every transition is in the trail once afterwards`, () =>
      Effect.gen(function*() {
        const server = yield* PostgresProcess.make({ settings: fault.settings ?? {} })
        const obstacle = fault.prepare === undefined ? undefined : yield* fault.prepare(server)
        if (obstacle !== undefined) return console.info(`${name}: not tested, ${obstacle}`)
        const scope = yield* Scope.make()
        yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
        const context = yield* Layer.buildWithScope(
          Thunderline.layer({
            domains: restless,
            interval: "10 millis",
            repo: Postgres.layer({ url: Redacted.make(server.url) })
          }).pipe(Layer.provide(Logger.layer([]))),
          scope
        )
        const outbox = Context.get(context, Outbox.Outbox)
        const bus = Context.get(context, SystemPubSub)
        const made: Array<string> = []
        let lateness: Array<number> = []
        let expected = 0
        const events = yield* Scope.provide(bus.subscribe("system:domain_event"), scope)
        const ticks = yield* Scope.provide(bus.subscribe("system:domain_tick"), scope)
        yield* Effect.forkIn(
          Effect.forever(Effect.map(PubSub.take(events), ({ payload, sequence }) => {
            expected ||= sequence
            assert.strictEqual(sequence, expected++, "the test misses a transition")
            made.push(payload.id)
          })),
          scope
        )
        yield* Effect.forkIn(
          Effect.forever(
            Effect.map(PubSub.take(ticks), ({ payload }) => lateness.push(Duration.toMillis(payload.lateness)))
          ),
          scope
        )
        const until = (holds: Effect.Effect<boolean>) =>
          Effect.repeat(holds, { until: (held) => held, schedule: Schedule.spaced("20 millis") })
        yield* until(Effect.map(outbox.stats, ({ written }) => written > 50))

        lateness = []
        const mend = yield* fault.inject(server)
        const broken = performance.now()
        let backlog = 0
        let noticed = false
        yield* until(Effect.map(outbox.stats, (stats) => {
          backlog = Math.max(backlog, stats.backlog)
          noticed ||= stats.status._tag === "degraded"
          return performance.now() - broken > Duration.toMillis(fault.lasts)
        }))
        const late = lateness
        yield* mend
        const mended = performance.now()

        const control = Context.get(context, DomainControl)
        const registry = Context.get(context, DomainRegistry)
        yield* Effect.forEach(restless, (domain) => control.deactivate(domain.name))
        yield* until(Effect.map(registry.snapshot, (all) => all.every((view) => view.status._tag === "inactive")))
        yield* until(Effect.map(outbox.stats, (stats) => stats.backlog === 0 && stats.status._tag === "ok"))
        const recovered = performance.now() - mended
        const kept = (yield* allEvents(Context.get(context, Repo))).map((event) => event.id)
        const { dropped } = yield* outbox.stats
        const round = (ms: number | undefined) => Math.round((ms ?? Number.NaN) * 10) / 10
        console.info(
          `${name}: ${late.length} ticks, late p50 ${round(quantile(late, 0.5))} ms, p99 ${
            round(quantile(late, 0.99))
          } ms, ` +
            `max ${round(quantile(late, 1))} ms; backlog up to ${backlog}, gone ${Math.round(recovered)} ms after; ` +
            `${made.length} transitions made, ${kept.length} kept`
        )
        assert.deepStrictEqual(kept.slice(kept.indexOf(made[0]!)), made)
        assert.strictEqual(dropped, 0)
        assert.strictEqual(new Set(kept).size, kept.length)
        if (fault.noticed) assert.isTrue(noticed, "the trail was not said to be degraded")
        assert.isBelow(quantile(late, 0.99), 100)
      }))
  }
})
