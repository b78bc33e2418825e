import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { root } from "../cli/Process.ts"

const execute = promisify(execFile)

/** The command line from its sources, as a shell takes it. */
export const thunderline = `'${process.execPath}' '${join(root, "layers/main.ts")}'`

/** A real terminal of 80 by 24 with a shell in it, for the life of the scope. */
export const terminal = Effect.fnUntraced(function*(env: Readonly<Record<string, string>> = {}) {
  const socket = `thunderline-${process.pid}-${Math.random().toString(36).slice(2)}`
  const tmux = (...args: ReadonlyArray<string>) =>
    Effect.promise(async () => (await execute("tmux", ["-L", socket, ...args])).stdout)
  const variables = Object.entries({ HISTFILE: "/dev/null", ...env }).flatMap((
    [name, value]
  ) => ["-e", `${name}=${value}`])
  yield* Effect.acquireRelease(
    tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", "80", "-y", "24", "-c", root, ...variables, "sh"),
    () => Effect.ignore(tmux("kill-server"))
  )
  const screen = tmux("capture-pane", "-p", "-t", "t")
  const until = (found: (screen: string) => boolean) =>
    screen.pipe(
      Effect.repeat({ until: found, schedule: Schedule.spaced("100 millis") }),
      Effect.timeoutOrElse({
        duration: "30 seconds",
        orElse: () =>
          Effect.flatMap(screen, (text) => Effect.die(new Error(`the terminal does not come to show it:\n${text}`)))
      })
    )
  return {
    screen,
    /** What the terminal shows once it shows the text. */
    shows: (text: string | RegExp) =>
      until((screen) => typeof text === "string" ? screen.includes(text) : text.test(screen)),
    showsNot: (text: string) => until((screen) => !screen.includes(text)),
    /** The picture with its colours, as escape sequences. */
    coloured: tmux("capture-pane", "-p", "-e", "-t", "t"),
    keys: (...keys: ReadonlyArray<string>) => tmux("send-keys", "-t", "t", ...keys),
    line: (text: string) => tmux("send-keys", "-t", "t", text, "Enter"),
    resize: (columns: number, rows: number) =>
      tmux("resize-window", "-t", "t", "-x", String(columns), "-y", String(rows)),
    /** Whether the alternate screen is shown, whether the cursor is. */
    state: Effect.map(
      tmux("display-message", "-p", "-t", "t", "#{alternate_on} #{cursor_flag} #{pane_pid}"),
      (text) => {
        const [alternate, cursor, shell] = text.trim().split(" ")
        return { alternate: alternate === "1", cursor: cursor === "1", shell: Number(shell) }
      }
    )
  }
})
