import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stdio from "effect/Stdio"
import * as Format from "../../control/Format.ts"
import * as Table from "./Table.ts"

/** Work that ends sooner is not shown, in milliseconds. */
const shownAfter = 300

/** The time between two drawings, in milliseconds. */
const frame = 100

const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

/** A bar with its share and, from 5 % on, the time that is left: `Simulating ████░░░░  50%  2s left`. */
export const barLine = (title: string, done: number, total: number, elapsed: number, width: number): string => {
  const share = total <= 0 ? 1 : Math.min(1, Math.max(0, done / total))
  const left = share < 0.05 ? "" : `  ${Format.elapsed((elapsed / share) * (1 - share))} left`
  const figures = ` ${String(Math.floor(share * 100)).padStart(3)}%${left}`
  const cells = Math.min(40, width - title.length - 1 - figures.length - 1)
  if (cells < 5) return Table.truncate(`${title}${figures}`, Math.max(1, width - 1))
  const full = Math.floor(share * cells)
  return `${title} ${"█".repeat(full)}${"░".repeat(cells - full)}${figures}`
}

/** A spinner for work of unknown length: `⠹ Migrating …  3s`. */
export const busyLine = (title: string, elapsed: number, width: number): string =>
  Table.truncate(
    `${spinner[Math.floor(elapsed / frame) % spinner.length]} ${title} …  ${Format.elapsed(elapsed)}`,
    Math.max(1, width - 1)
  )

/** Draws on the last line of standard error if that is a terminal, and wipes the line when the scope closes. */
const line = Effect.gen(function*() {
  const stdio = yield* Stdio.Stdio
  const term = yield* Effect.orDie(Config.option(Config.String("TERM")))
  if (!(yield* stdio.stderrIsTerminal) || Option.contains(term, "dumb")) return undefined
  const began = performance.now()
  let drawn = -Infinity
  yield* Effect.addFinalizer(() => Effect.sync(() => drawn > 0 && process.stderr.write("\r\u001b[K")))
  return (text: (elapsed: number, width: number) => string) => {
    const now = performance.now()
    if (now - began < shownAfter || now - drawn < frame) return
    drawn = now
    process.stderr.write(`\r${text(now - began, process.stderr.columns ?? 80)}\u001b[K`)
  }
})

/**
 * A bar for `total` steps of work; the function takes how many are done. It goes by real time, so that it can be called
 * from a simulation.
 */
export const bar = (
  title: string,
  total: number
): Effect.Effect<(done: number) => void, never, Stdio.Stdio | Scope.Scope> =>
  Effect.map(line, (draw) => (done) => draw?.((elapsed, width) => barLine(title, done, total, elapsed, width)))

/** Shows a spinner while the work is done. */
export const busy = (title: string) => <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Stdio.Stdio> =>
  Effect.scopedWith((scope) =>
    Effect.gen(function*() {
      const draw = yield* Scope.provide(line, scope)
      if (draw === undefined) return yield* work
      const show = Effect.sync(() => draw((elapsed, width) => busyLine(title, elapsed, width)))
      return yield* Effect.raceFirst(work, Effect.forever(Effect.andThen(show, Effect.sleep(frame))))
    })
  )
