import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SqlClient } from "effect/sql/SqlClient"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import * as Database from "../../src/postgres/Database.ts"
import * as Migrations from "../../src/postgres/Migrations.ts"
import { Repo } from "../../src/trail/Repo.ts"
import { temporaryFolder } from "../support/Database.ts"

const stateDir = "/nonexistent/thunderline"
const build = (options: Database.DatabaseOptions) => Effect.scoped(Layer.build(Database.layer(options)))

describe("The database of choice", () => {
  it.effect("is this process's memory when it says memory", () =>
    Effect.gen(function*() {
      expect((yield* Repo).backend).toBe("memory")
      expect(yield* Database.migrate({ database: "memory", stateDir })).toEqual([])
    }).pipe(Effect.provide(Database.layer({ database: "memory", stateDir }))))

  it.live("is a server in the state folder when it says embedded, and is read by others meanwhile and afterwards", () =>
    Effect.gen(function*() {
      const stateDir = yield* temporaryFolder
      const options = { database: "embedded", stateDir, schema: "app" }
      const read = Effect.provide(Repo.use((repo) => repo.listActive), Database.layer({ ...options, purpose: "read" }))
      yield* Effect.gen(function*() {
        const repo = yield* Repo
        expect(repo.backend).toBe("postgresql")
        yield* repo.recordActivation("thunderflow", 1)
        expect(yield* read).toMatchObject([{ domainName: "thunderflow" }])
      }).pipe(Effect.provide(Database.layer(options)))
      expect(yield* read).toMatchObject([{ domainName: "thunderflow" }])
    }))

  it.live("is brought up to date by hand, which says what was done", () =>
    Effect.gen(function*() {
      const options = { database: "embedded", stateDir: yield* temporaryFolder }
      expect(yield* Database.migrate(options)).toEqual([{ id: 1, name: "trail" }])
      expect(yield* Database.migrate(options)).toEqual([])
    }))

  it.live("keeps a program from starting when its schema is too new", () =>
    Effect.gen(function*() {
      const options = { database: "embedded", stateDir: yield* temporaryFolder }
      yield* Database.migrate(options)
      yield* SqlClient.use((sql) => sql`insert into thunderline.migration (migration_id, name) values (99, 'later')`)
        .pipe(Effect.provide(Database.layerClient(options)))
      expect(yield* Effect.flip(build(options))).toMatchObject({
        _tag: "SchemaTooNew",
        found: 99,
        known: Migrations.latest
      })
    }))

  it.live("gives its sessions a name and a limit to their statements", () =>
    Effect.gen(function*() {
      const rows = yield* SqlClient.use((sql) =>
        sql`select current_setting('application_name') as name, current_setting('statement_timeout') as timeout`
      ).pipe(Effect.provide(Database.layerClient({ database: "embedded", stateDir: yield* temporaryFolder })))
      expect(rows).toEqual([{ name: "thunderline", timeout: "10s" }])
    }))

  it.live("may be away: the program starts, and what it does with the trail says so", () =>
    Effect.gen(function*() {
      // A port that nobody listens on: one that was just given up.
      const port = yield* Effect.callback<number>((resume) => {
        const server = createServer().listen(0, "127.0.0.1", () => {
          const { port } = server.address() as AddressInfo
          server.close(() => resume(Effect.succeed(port)))
        })
      })
      const database = `postgres://me:secret@127.0.0.1:${port}/app`
      yield* Effect.gen(function*() {
        const error = yield* Effect.flip((yield* Repo).listActive)
        expect(error).toMatchObject({ _tag: "RepoUnavailable", operation: "Repo.listActive" })
        expect(error.message).toContain("ECONNREFUSED")
      }).pipe(Effect.provide(Database.layer({ database, stateDir })))
      expect(yield* Effect.flip(Database.migrate({ database, stateDir }))).toMatchObject({ _tag: "RepoUnavailable" })
    }))

  it.effect.each([
    "",
    "sqlite:trail.db",
    "embeded",
    "mysql://me:s3cret@host/app",
    "postgres//me:s3cret@host/app",
    "postgres://me:s3cret/x@host:port/app",
    "postgres://me:s3cret%@host/app",
    "postgres://me:s3cret@host:99999/app",
    "postgres://me:s3cret@host/app?sslmode=yes"
  ])("refuses %j at once, and does not repeat the password", (database) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(build({ database, stateDir }))
      expect(error._tag).toBe("InvalidDatabaseUrl")
      expect(`${error.message} ${JSON.stringify(error)} ${error.stack}`).not.toContain("s3cret")
    }))

  it.effect("refuses a schema's name that is none", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(build({ database: "embedded", stateDir, schema: "Public" }))
      expect(error).toMatchObject({ _tag: "InvalidSchemaName", schema: "Public" })
    }))
})
