import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { folder, run } from "./Process.ts"

/** Prints the modules that a process loads. */
const hook = `data:text/javascript,${
  encodeURIComponent(`
    import { registerHooks } from "node:module"
    registerHooks({ load(url, context, next) { console.error(url); return next(url, context) } })`)
}`

/** The modules of a database that a command loads. */
const databaseModules = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const cwd = yield* folder()
    const { code, stderr } = yield* run(args, { cwd, env: { NODE_OPTIONS: `--import "${hook}"` } })
    assert.strictEqual(code, 0)
    assert.include(stderr, "/layers/main.ts")
    return stderr.split("\n").filter((url) =>
      /sql-pg|effect\/(dist|src)\/sql\/|\/postgres\/(Postgres|Sql|embedded)/.test(url)
    )
  })

describe("The database is loaded only when it is needed", () => {
  it.live("not by help", () => Effect.map(databaseModules("--help"), (modules) => assert.deepStrictEqual(modules, [])))

  it.live("not by a reading of a state folder that nothing was kept in", () =>
    Effect.map(databaseModules("history", "--state-dir", "state"), (modules) => assert.deepStrictEqual(modules, [])))

  it.live("but by a migration", () =>
    Effect.map(
      databaseModules("migrate", "--state-dir", "state"),
      (modules) => assert.match(modules.join("\n"), /sql-pg[^]*\/embedded\/PostgresServer/)
    ))
})
