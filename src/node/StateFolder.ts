import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { access, chmod, constants, mkdir, stat } from "node:fs/promises"
import { dirname, isAbsolute, join } from "node:path"
import type { DatabaseSync } from "node:sqlite"

/** Whether this process is root: PostgreSQL refuses to run as root. */
export const isRoot = process.getuid?.() === 0

/** What a process wants of a state folder: to `run` a program on it, or only to `read` the trail that is in it. */
export const Purpose = Schema.Literals(["run", "read"])
export type Purpose = typeof Purpose.Type

/** Another program uses the state folder; nothing in it was touched. */
export class StateFolderInUse extends Schema.TaggedError<StateFolderInUse>()("StateFolderInUse", {
  folder: Schema.String,
  /** The process that uses it, `null` in the moment before it has said so. */
  pid: Schema.NullOr(Schema.Int),
  /** What it uses it for: to `run` a program, or only to `read` for a moment. */
  purpose: Schema.NullOr(Purpose)
}) {
  override get message() {
    return `The state folder ${this.folder} is in use by ${
      this.pid === null ? "another program" : `process ${this.pid}`
    }: ` +
      `stop that one first, or give this one a folder of its own`
  }
}

/** The state folder cannot be made, read or written. */
export class StateFolderUnusable extends Schema.TaggedError<StateFolderUnusable>()("StateFolderUnusable", {
  folder: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `The state folder ${this.folder} cannot be used: ${this.detail}`
  }
}

/** Nothing says where state is kept. */
export class StateFolderUnknown extends Schema.TaggedError<StateFolderUnknown>()("StateFolderUnknown", {}) {
  override get message() {
    return "The state folder is unknown: neither XDG_STATE_HOME nor HOME is set. Name one: --state-dir"
  }
}

const variable = (name: string) => Effect.orDie(Config.option(Config.String(name)))

/** Where state is kept unless a folder is named: `$XDG_STATE_HOME/thunderline`, else `~/.local/state/thunderline`. */
export const defaultFolder: Effect.Effect<string, StateFolderUnknown> = Effect.gen(function*() {
  const xdg = Option.filter(yield* variable("XDG_STATE_HOME"), isAbsolute)
  if (Option.isSome(xdg)) return join(xdg.value, "thunderline")
  // PostgreSQL does not run as root, and its user cannot enter root's home.
  if (isRoot) return "/var/lib/thunderline"
  const home = Option.filter(yield* variable("HOME"), isAbsolute)
  if (Option.isSome(home)) return join(home.value, ".local", "state", "thunderline")
  return yield* new StateFolderUnknown()
})

const unusable = (folder: string) => (cause: unknown): StateFolderUnusable =>
  new StateFolderUnusable({ folder, detail: cause instanceof Error ? cause.message : String(cause) })

/** Runs an action on files, its failure typed. */
export const attempt = <A>(folder: string, action: () => A | Promise<A>): Effect.Effect<A, StateFolderUnusable> =>
  Effect.tryPromise({ try: async () => action(), catch: unusable(folder) })

/** The folder above a path that other users cannot pass through, if there is one: root's own are closed to the user that
 * PostgreSQL runs as. */
export const closedAbove = (path: string): Effect.Effect<string | undefined, StateFolderUnusable> =>
  attempt(path, async () => {
    for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
      if (((await stat(folder)).mode & 0o001) === 0) return folder
    }
    return undefined
  })

/** Makes a folder and those above it. Node's own recursion never ends where a path cannot exist, as below /proc. */
const makePath = async (folder: string, mode: number): Promise<void> => {
  if (existsSync(folder)) return
  if (dirname(folder) !== folder) await makePath(dirname(folder), mode)
  await mkdir(folder, { mode }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error
  })
}

/** Makes the folder if it is not there, and sees to it that it can be written. */
export const make = (folder: string): Effect.Effect<void, StateFolderUnusable> =>
  attempt(folder, async () => {
    await makePath(folder, isRoot ? 0o711 : 0o700)
    await access(folder, constants.W_OK | constants.X_OK)
    // PostgreSQL's own user has to pass through, not to look.
    if (isRoot) await chmod(folder, (await stat(folder)).mode & 0o7777 | 0o001)
  })

const Owner = Schema.Struct({ pid: Schema.Int, purpose: Purpose })

/** Who holds the lock: known, unless it was taken a moment ago. */
const readOwner = (folder: string): typeof Owner.Type | undefined => {
  try {
    const owner = Schema.decodeUnknownSync(Owner)(JSON.parse(readFileSync(join(folder, "owner.json"), "utf8")))
    process.kill(owner.pid, 0)
    return owner
  } catch {
    return undefined
  }
}

/** Whether this process runs a program on the folder: its embedded server, if it has one, is in there. */
export const isHeldHere = (folder: string): boolean => {
  const owner = readOwner(folder)
  return owner !== undefined && owner.pid === process.pid && owner.purpose === "run"
}

const tryLock = (folder: string, purpose: Purpose): DatabaseSync | undefined => {
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite")
  const database = new DatabaseSync(join(folder, "lock"), { timeout: 0 })
  try {
    database.exec("pragma journal_mode = memory; begin exclusive")
    writeFileSync(join(folder, "owner.json"), JSON.stringify({ pid: process.pid, purpose }))
    return database
  } catch (error) {
    database.close()
    const busy = error instanceof Error && "errcode" in error && error.errcode === 5
    if (busy) return undefined
    throw error
  }
}

/**
 * Takes the folder's lock for the life of the scope.
 *
 * The lock is the operating system's, on the file `lock`, by way of SQLite, which is how Node reaches file locks: it
 * ends with the process, however that ends, so that no stale file and no reused process id can be mistaken for it.
 */
export const lock = (
  folder: string,
  purpose: Purpose
): Effect.Effect<void, StateFolderInUse | StateFolderUnusable, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.flatMap(attempt(folder, () => tryLock(folder, purpose)), (database) => {
      if (database !== undefined) return Effect.succeed(database)
      const owner = readOwner(folder)
      return Effect.fail(
        new StateFolderInUse({ folder, pid: owner?.pid ?? null, purpose: owner?.purpose ?? null })
      )
    }),
    (database) =>
      Effect.sync(() => {
        rmSync(join(folder, "owner.json"), { force: true })
        database.close()
      })
  )
