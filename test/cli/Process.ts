import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { spawn } from "node:child_process"
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** The repository's root. */
export const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "")

/** What a process has said and how it ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A state folder for programs that name none: the machine's own may have a program that runs. */
const stateHome = mkdtempSync(join(tmpdir(), "thunderline-state-"))
chmodSync(stateHome, 0o755)
process.once("exit", () => rmSync(stateHome, { recursive: true, force: true }))

/** The environment of the tests without what would change how the program behaves. */
const environment = (env: Readonly<Record<string, string>>) => {
  const { DATABASE_URL: _1, FORCE_COLOR: _2, NO_COLOR: _3, ...rest } = process.env
  return {
    ...rest,
    // Halves the time that a command takes to load.
    NODE_COMPILE_CACHE: join(tmpdir(), "thunderline-compile-cache"),
    THUNDERLINE_PORT: "0",
    XDG_STATE_HOME: stateHome,
    ...env
  }
}

/** Starts a command; it is killed with the scope, unless it has ended before. */
export const start = Effect.fnUntraced(function*(
  command: string,
  args: ReadonlyArray<string>,
  options?: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> }
) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(command, args, {
        cwd: options?.cwd ?? root,
        env: environment(options?.env ?? {}),
        stdio: ["ignore", "pipe", "pipe"]
      })
    ),
    (child) => Effect.sync(() => void child.kill("SIGKILL"))
  )
  const ended = Deferred.makeUnsafe<Ended>()
  const waiting = new Set<() => void>()
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
    for (const look of waiting) look()
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
    for (const look of waiting) look()
  })
  child.on("close", (code, signal) => Deferred.doneUnsafe(ended, Effect.succeed({ code, signal, stdout, stderr })))
  const until = (what: string, holds: () => boolean) =>
    Effect.raceFirst(
      Effect.callback<void>((resume) => {
        const look = () => {
          if (holds()) resume(Effect.void)
        }
        waiting.add(look)
        look()
        return Effect.sync(() => waiting.delete(look))
      }),
      Effect.flatMap(Deferred.await(ended), (end) => Effect.die(`ended without "${what}": ${JSON.stringify(end)}`))
    )
  return {
    ended: Deferred.await(ended),
    kill: (signal: NodeJS.Signals) => Effect.sync(() => child.kill(signal)),
    /** Returns when standard output holds the text; dies when the process ends without it. */
    says: (text: string) => until(text, () => stdout.includes(text)),
    /** The same for standard error. */
    tells: (text: string) => until(text, () => stderr.includes(text))
  }
})

/** Starts the command line from its sources. */
export const thunderline = (args: ReadonlyArray<string>, options?: Parameters<typeof start>[2]) =>
  start(process.execPath, [join(root, "layers/main.ts"), ...args], options)

/** Runs the command line to its end. */
export const run = (args: ReadonlyArray<string>, options?: Parameters<typeof start>[2]) =>
  Effect.scoped(Effect.flatMap(thunderline(args, options), (process) => process.ended))

/** Waits until a program that is starting can be found by its state folder. */
export const canBeFound = (stateDir: string): Effect.Effect<void> =>
  Effect.repeat(Effect.sync(() => existsSync(join(stateDir, "control.json"))), {
    until: (there) => there,
    schedule: Schedule.spaced("20 millis")
  }).pipe(Effect.asVoid)

/** A folder for the life of the scope, with these files in it. */
export const folder = (files: Readonly<Record<string, string>> = {}) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const path = await mkdtemp(join(tmpdir(), "thunderline-cli-"))
      // Under root, PostgreSQL's own user has to pass through.
      await chmod(path, 0o711)
      for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
      return path
    }),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )

/** The text of an app's module, anywhere on the disk, with what it needs in scope. */
export const appText = (body: string): string =>
  [
    `import { Effect, Layer } from ${JSON.stringify(import.meta.resolve("effect"))}`,
    `import { Domain, Thunderline } from ${JSON.stringify(`file://${root}/src/index.ts`)}`,
    body
  ].join("\n")
