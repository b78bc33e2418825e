import * as PgClient from "@effect/sql-pg/PgClient"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { type SqlClient, SqlClient as Sql } from "effect/sql/SqlClient"
import { spawn, spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { chmod, chown, mkdir } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import * as EmbeddedPostgres from "../../../src/postgres/embedded/EmbeddedPostgres.ts"
import * as PostmasterFile from "../../../src/postgres/embedded/PostmasterFile.ts"
import { temporaryFolder } from "../../support/Database.ts"
import * as Program from "../../support/Program.ts"

const hold = fileURLToPath(new URL("programs/hold.ts", import.meta.url))
const isRoot = process.getuid?.() === 0

const query = <A, E>(server: EmbeddedPostgres.EmbeddedServer, use: (sql: SqlClient) => Effect.Effect<A, E>) =>
  Effect.flatMap(Sql, use).pipe(Effect.provide(PgClient.layer(server)))

const serverOf = (folder: string) => PostmasterFile.read(join(folder, "postgres"))

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0)
    // One that nobody has taken leave of yet is dead all the same.
    return process.platform !== "linux" || !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ")
  } catch {
    return false
  }
}

const hasBatch = process.platform === "linux" && spawnSync("chrt", ["-b", "0", "true"]).status === 0
const schedBatch = 3
/** How a process is scheduled: the 41st field of its state, of which the second may have blanks in it. */
const policyOf = (pid: string) => Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")[38])

/** Whom the server of a folder runs as. */
const userOf = (folder: string) => {
  const { gid, uid } = statSync(join(folder, "postgres"))
  return isRoot ? { uid, gid } : {}
}

const remember = (server: EmbeddedPostgres.EmbeddedServer) =>
  query(server, (sql) => Effect.andThen(sql`create table kept (n int)`, sql`insert into kept values (42)`))
const recall = (server: EmbeddedPostgres.EmbeddedServer) => query(server, (sql) => sql`select n from kept`)

describe("The embedded server", () => {
  it.live("keeps what was written from one start to the next, and ends with its scope", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const pid = yield* Effect.scoped(Effect.gen(function*() {
        yield* remember(yield* EmbeddedPostgres.acquire(folder))
        return serverOf(folder)!.pid
      }))
      assert.isFalse(isAlive(pid))
      assert.isUndefined(serverOf(folder))
      yield* Effect.scoped(Effect.gen(function*() {
        assert.deepStrictEqual(yield* recall(yield* EmbeddedPostgres.acquire(folder)), [{ n: 42 }])
      }))
    }))

  it.live("listens on its socket alone, with fsync on", () =>
    Effect.gen(function*() {
      const server = yield* EmbeddedPostgres.acquire(yield* temporaryFolder)
      const rows = yield* query(server, (sql) =>
        sql`select current_setting('listen_addresses') as addresses, current_setting('fsync') as fsync`)
      assert.deepStrictEqual(rows, [{ addresses: "", fsync: "on" }])
      assert.strictEqual(statSync(dirname(server.path)).mode & 0o777, 0o700)
    }))

  if (!hasBatch) console.log("No batch work to be had by chrt: that the server runs as such is not tested")
  it.live.runIf(hasBatch)("runs as batch work, its postmaster and every process of it", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* EmbeddedPostgres.acquire(folder)
      const { pid } = serverOf(folder)!
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")
      assert.isAbove(children.length, 2)
      assert.deepStrictEqual([String(pid), ...children].map(policyOf).filter((policy) => policy !== schedBatch), [])
    }))

  it.live("outlives a program that is killed without losing anything, and the next start ends and replaces it", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const program = yield* Program.start(hold, [folder])
      yield* remember(yield* program.says("ready"))
      program.child.kill("SIGKILL")
      assert.strictEqual(yield* program.exit, "SIGKILL")
      const left = serverOf(folder)!.pid
      assert.isTrue(isAlive(left))
      const server = yield* EmbeddedPostgres.acquire(folder)
      assert.isFalse(isAlive(left))
      assert.notStrictEqual(serverOf(folder)!.pid, left)
      assert.deepStrictEqual(yield* recall(server), [{ n: 42 }])
    }))

  it.live("recovers after program and server were both killed", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const program = yield* Program.start(hold, [folder])
      yield* remember(yield* program.says("ready"))
      program.child.kill("SIGKILL")
      yield* program.exit
      process.kill(serverOf(folder)!.pid, "SIGKILL")
      const server = yield* EmbeddedPostgres.acquire(folder)
      assert.deepStrictEqual(yield* recall(server), [{ n: 42 }])
    }))

  it.live("is not fooled by another process that has the dead server's process id, and leaves it alone", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.scoped(Effect.gen(function*() {
        yield* remember(yield* EmbeddedPostgres.acquire(folder))
        const file = readFileSync(join(folder, "postgres", "postmaster.pid"), "utf8")
        yield* Effect.addFinalizer(() => Effect.sync(() => writeFileSync(join(folder, "stale.pid"), file)))
      }))
      const other = yield* Effect.acquireRelease(
        Effect.sync(() => spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], userOf(folder))),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      const [, ...rest] = readFileSync(join(folder, "stale.pid"), "utf8").split("\n")
      for (const file of ["postmaster.pid", ".s.PGSQL.5432.lock"]) {
        const path = join(folder, "postgres", file)
        writeFileSync(path, [other.pid, ...rest].join("\n"))
        if (isRoot) yield* Effect.promise(() => chown(path, userOf(folder).uid!, userOf(folder).gid!))
      }
      assert.deepStrictEqual(yield* recall(yield* EmbeddedPostgres.acquire(folder)), [{ n: 42 }])
      assert.isTrue(isAlive(other.pid!))
    }))

  it.live("is started again when it ends by itself", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const server = yield* EmbeddedPostgres.acquire(folder)
      yield* remember(server)
      const first = serverOf(folder)!.pid
      process.kill(first, "SIGKILL")
      const answer = yield* recall(server).pipe(
        Effect.retry(Schedule.upTo(Schedule.spaced("20 millis"), { duration: "20 seconds" }))
      )
      assert.deepStrictEqual(answer, [{ n: 42 }])
      assert.notStrictEqual(serverOf(folder)!.pid, first)
    }))

  it.live("refuses a second program, names the first, and harms nothing", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const program = yield* Program.start(hold, [folder])
      const server = yield* program.says("ready")
      const postmaster = serverOf(folder)!.pid
      const error = yield* Effect.flip(Effect.scoped(EmbeddedPostgres.acquire(folder)))
      assert.containsSubset(error, { _tag: "StateFolderInUse", folder, pid: program.pid, purpose: "run" })
      assert.include(error.message, folder)
      assert.include(error.message, String(program.pid))
      yield* remember(server)
      assert.strictEqual(serverOf(folder)!.pid, postmaster)
    }))

  it.live("lets only one of many programs in that start at the same time", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const exits = yield* Effect.scoped(Effect.gen(function*() {
        const programs = yield* Effect.forEach([1, 2, 3, 4], () => Program.start(hold, [folder]))
        return yield* Effect.forEach(programs, (program) => program.says("ready"), { concurrency: "unbounded" })
      }))
      assert.deepStrictEqual(exits.map(({ event }) => event).sort(), ["ended", "ended", "ended", "ready"])
    }))

  it.live("ends in order with its program, and a terminal's Ctrl-C does not reach it", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const program = yield* Program.start(hold, [folder])
      yield* program.says("ready")
      const server = serverOf(folder)!.pid
      process.kill(-program.pid, "SIGINT")
      assert.deepStrictEqual(yield* program.says("alive"), { event: "alive" })
      assert.isTrue(isAlive(server))
      process.kill(-program.pid, "SIGTERM")
      assert.strictEqual(yield* program.exit, 0)
      assert.isFalse(isAlive(server))
      assert.isUndefined(serverOf(folder))
    }))

  it.live("puts its socket into a short private folder when the state folder's path is too long", () =>
    Effect.gen(function*() {
      const folder = join(yield* temporaryFolder, "long".repeat(30))
      const sockets = yield* Effect.scoped(Effect.gen(function*() {
        const server = yield* EmbeddedPostgres.acquire(folder)
        yield* remember(server)
        const found = yield* EmbeddedPostgres.connect(folder)
        assert.deepStrictEqual(found, server)
        assert.strictEqual(statSync(dirname(server.path)).mode & 0o777, 0o700)
        return dirname(server.path)
      }))
      assert.isFalse(sockets.startsWith(folder))
      assert.isFalse(existsSync(sockets))
    }))

  it.live("is shared by those who only read", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const program = yield* Program.start(hold, [folder])
      const server = yield* program.says("ready")
      yield* remember(server)
      yield* Effect.scoped(Effect.gen(function*() {
        assert.deepStrictEqual(yield* recall(yield* EmbeddedPostgres.connect(folder)), [{ n: 42 }])
      }))
      assert.isTrue(isAlive(serverOf(folder)!.pid))
    }))

  it.live("runs for the time of the reading when no program runs, one reader after the other", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.scoped(Effect.flatMap(EmbeddedPostgres.acquire(folder), remember))
      const read = Effect.scoped(Effect.flatMap(EmbeddedPostgres.connect(folder), recall))
      assert.deepStrictEqual(
        yield* Effect.all([read, read, read], { concurrency: "unbounded" }),
        [[{ n: 42 }], [{ n: 42 }], [{ n: 42 }]]
      )
      assert.isUndefined(serverOf(folder))
    }))

  it.live("makes a program wait for a reader", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const reader = yield* Scope.make()
      yield* Scope.provide(EmbeddedPostgres.connect(folder), reader)
      const reading = serverOf(folder)!.pid
      const started = yield* Deferred.make<number>()
      const program = yield* Effect.forkChild(Effect.scoped(Effect.gen(function*() {
        yield* EmbeddedPostgres.acquire(folder)
        yield* Deferred.succeed(started, serverOf(folder)!.pid)
      })))
      yield* Scope.close(reader, Exit.void)
      assert.notStrictEqual(yield* Deferred.await(started), reading)
      yield* Fiber.join(program)
    }))

  it.live("says which folder it cannot use, and why", () =>
    Effect.gen(function*() {
      const file = join(yield* temporaryFolder, "file")
      writeFileSync(file, "")
      const folder = join(file, "state")
      const error = yield* Effect.flip(Effect.scoped(EmbeddedPostgres.acquire(folder)))
      assert.containsSubset(error, { _tag: "StateFolderUnusable", folder })
      assert.include(error.message, folder)
      assert.include(error.message, "ENOTDIR")
    }))

  it.live("says what keeps it from starting", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      yield* Effect.scoped(EmbeddedPostgres.acquire(folder))
      writeFileSync(join(folder, "postgres", "PG_VERSION"), "9.6\n")
      const error = yield* Effect.flip(Effect.scoped(EmbeddedPostgres.acquire(folder)))
      assert.containsSubset(error, { _tag: "EmbeddedPostgresFailed", step: "start" })
      assert.include(error.message, "9.6")
    }))

  if (!isRoot) console.log("Not root: how the server runs under root is not tested")
  describe.runIf(isRoot)("under root", () => {
    const nobody = { uid: 65534, gid: 65534 }

    it.live("names the folder that PostgreSQL's own user cannot pass through, and leaves it as it is", () =>
      Effect.gen(function*() {
        const closed = join(yield* temporaryFolder, "closed")
        yield* Effect.promise(() => mkdir(closed, { mode: 0o700 }))
        const error = yield* Effect.flip(EmbeddedPostgres.acquire(join(closed, "state")))
        assert.containsSubset(error, { _tag: "StateFolderUnusable" })
        assert.include(error.message, `cannot pass through ${closed}; give it another folder`)
        assert.strictEqual(statSync(closed).mode & 0o777, 0o700)
      }))

    it.live("runs for an ordinary user as that user", () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder
        yield* Effect.promise(() => chown(folder, nobody.uid, nobody.gid))
        const program = yield* Program.start(hold, [join(folder, "state")], nobody)
        const ready = yield* program.says("ready")
        assert.containsSubset(ready, { event: "ready" })
        assert.strictEqual(statSync(join(folder, "state", "postgres")).uid, nobody.uid)
        assert.deepStrictEqual(readdirSync(join(folder, "state")).sort(), [
          "lock",
          "owner.json",
          "postgres",
          "postgres.log"
        ])
        program.child.kill("SIGTERM")
        assert.strictEqual(yield* program.exit, 0)
      }))

    it.live("tells an ordinary user which folder he may not write", () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder
        yield* Effect.promise(() => chmod(folder, 0o755))
        const program = yield* Program.start(hold, [folder], nobody)
        const failed = yield* program.says("failed")
        assert.containsSubset(failed, { tag: "StateFolderUnusable", folder })
        assert.include(failed.message, "EACCES")
      }))
  })
})
