import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"

/** A program of `test/` in a process of its own, which says what happens to it as lines of JSON. */
export interface Program {
  readonly pid: number
  readonly child: ChildProcess
  /** The next thing it says of that kind, or `{ event: "ended" }` when it ends before. */
  readonly says: (event: string) => Effect.Effect<any>
  /** Its exit code or signal. */
  readonly exit: Effect.Effect<number | string>
}

/** Starts a program for the life of the scope, in a process group of its own. */
export const start = (
  path: string,
  args: ReadonlyArray<string>,
  options: { readonly uid?: number; readonly gid?: number; readonly env?: NodeJS.ProcessEnv } = {}
) =>
  Effect.acquireRelease(
    Effect.sync((): Program => {
      const child = spawn(process.execPath, [path, ...args], {
        ...options,
        detached: true,
        stdio: ["ignore", "pipe", "inherit"]
      })
      const heard: Array<any> = []
      const listeners = new Set<() => void>()
      const notify = () => listeners.forEach((listener) => listener())
      createInterface({ input: child.stdout! }).on("line", (line) => {
        if (line.startsWith("{")) heard.push(JSON.parse(line))
        notify()
      }).on("close", notify)
      const ended = () => child.exitCode ?? child.signalCode
      child.on("exit", notify)
      const until = <A>(look: () => A | undefined) =>
        Effect.callback<A>((resume) => {
          const listener = () => {
            const found = look()
            if (found === undefined) return
            listeners.delete(listener)
            resume(Effect.succeed(found))
          }
          listeners.add(listener)
          listener()
          return Effect.sync(() => listeners.delete(listener))
        })
      return {
        pid: child.pid!,
        child,
        says: (event) =>
          until(() => {
            const index = heard.findIndex((message) => message.event === event)
            if (index >= 0) return heard.splice(index, 1)[0]
            return ended() === null ? undefined : { event: "ended", exit: ended() }
          }),
        exit: until(() => ended() ?? undefined)
      }
    }),
    ({ child, exit }) => Effect.andThen(Effect.sync(() => child.kill("SIGTERM")), exit)
  )
