import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { readFile, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as StateFolder from "./StateFolder.ts"

/** Where the program that runs on a state folder is reached, and where it keeps its trail. */
export const ControlFile = Schema.Struct({
  url: Schema.String,
  pid: Schema.Int,
  runId: Schema.String,
  trail: Schema.Literals(["embedded", "memory", "external"])
})
export interface ControlFile extends Schema.Schema.Type<typeof ControlFile> {}

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(ControlFile))

const file = (stateDir: string) => join(stateDir, "control.json")

/** What the file says. It stays when a program is killed. */
export const read = (stateDir: string): Effect.Effect<Option.Option<ControlFile>> =>
  StateFolder.attempt(stateDir, () => readFile(file(stateDir), "utf8")).pipe(Effect.flatMap(decode), Effect.option)

/** The program, if it is alive. */
export const running = (stateDir: string): Effect.Effect<Option.Option<ControlFile>> =>
  Effect.map(read(stateDir), Option.filter(({ pid }) => isAlive(pid)))

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // The process belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

const write = (stateDir: string, content: ControlFile) =>
  Effect.andThen(
    StateFolder.make(stateDir),
    StateFolder.attempt(stateDir, async () => {
      const temporary = `${file(stateDir)}.${process.pid}`
      await writeFile(temporary, JSON.stringify(content))
      await rename(temporary, file(stateDir))
    })
  )

const remove = (stateDir: string, { runId }: ControlFile) =>
  Effect.flatMap(read(stateDir), (found) =>
    Option.isSome(found) && found.value.runId === runId
      ? Effect.ignore(StateFolder.attempt(stateDir, () => rm(file(stateDir), { force: true })))
      : Effect.void)

/** Keeps the file for the life of the scope. Where it cannot be written, commands find the program by `--port` only. */
export const keep = (stateDir: string, content: ControlFile) =>
  Effect.acquireRelease(
    write(stateDir, content).pipe(
      Effect.catchTag("StateFolderUnusable", ({ message }) => Effect.logWarning(`[ControlServer] ${message}`))
    ),
    () => remove(stateDir, content)
  )
