import * as Effect from "effect/Effect"
import * as ExitCode from "./ExitCode.ts"

/** Ends a command whose output is not read any more (by `head`, or a pager that was closed), in order and with success. */
let onGone = () => {
  onGone = () => {}
  process.exitCode = ExitCode.ok
  process.emit("SIGTERM")
}

/** Handles a closed reader of standard output or standard error from now on. */
export const watch = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error
      onGone()
    })
  }
}

/** For a command that goes on without a reader. */
export const ignore: Effect.Effect<void> = Effect.sync(() => {
  onGone = () => {}
})
