import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { Stdio } from "effect/Stdio"
import { answerTimeout } from "../control/EventFollower.ts"
import * as RemoteTrail from "../control/RemoteTrail.ts"
import * as ControlFile from "../node/ControlFile.ts"
import { type Database, Location } from "../postgres/Database.ts"
import { Repo } from "../trail/Repo.ts"
import * as Listen from "./flags/Listen.ts"
import * as TrailSettings from "./flags/TrailSettings.ts"
import * as RunningProgram from "./RunningProgram.ts"
import * as Output from "./text/Output.ts"
import * as Trail from "./Trail.ts"

/** Where a reading command looks: the running program by state folder or port, and the database. */
export interface Place extends Database {
  readonly port: Option.Option<number>
}

/** `--database`, `--schema`, `--state-dir` and `--port`: every command that reads the trail has them. */
export const flags = { ...TrailSettings.flags, port: Listen.givenPort }

/** Whether the database was named with `--database`: then it is read, whatever program is running. */
const isNamed = ({ location }: Database): boolean => location._tag === "memory" || location.source === "--database"

const isAway = (error: unknown): boolean =>
  error instanceof RunningProgram.NotRunning || Predicate.isTagged(error, "TimeoutError")

/** The address of the program to ask; none if the database was named, or if no program is known to run. */
export const program = Effect.fnUntraced(function*(place: Place): Effect.fn.Return<Option.Option<string>> {
  if (isNamed(place)) return Option.none()
  if (Option.isNone(place.port) && Option.isNone(yield* ControlFile.running(place.stateDir))) return Option.none()
  return Option.some((yield* RunningProgram.address(place)).url)
})

/** Where the trail is, without what is secret in its address. */
export const describe = ({ location, stateDir }: Database): string =>
  Location.$match(location, {
    embedded: () => `embedded database in ${stateDir}`,
    memory: () => "memory",
    external: ({ source }) => `database of ${source}`
  })

/** Runs a reading on the trail of the running program if it answers, else on the database. */
export const quietly = Effect.fnUntraced(function*<A, E, R>(place: Place, reading: Effect.Effect<A, E, R>) {
  const url = yield* program(place)
  if (Option.isSome(url)) {
    const stats = yield* RunningProgram.ask(place, ({ system }) => system.stats()).pipe(
      Effect.timeout(answerTimeout),
      Effect.asSome,
      // The program of a state folder may just have ended. A program at a port that was named must answer.
      Effect.catchIf((error) => Option.isNone(place.port) && isAway(error), () => Effect.succeedNone)
    )
    if (Option.isSome(stats)) {
      const client = yield* RunningProgram.client(place)
      const result = yield* Effect.provideService(reading, Repo, RemoteTrail.make(client, stats.value.trail))
      return { result, source: `the running program at ${url.value}` }
    }
  }
  return { result: yield* Trail.read(place, reading), source: `the trail: ${describe(place)}` }
})

/** The same, and says in one line on standard error which it was. */
export const read = <A, E, R>(place: Place, reading: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const { result, source } = yield* quietly(place, reading)
    yield* Output.tell(`Read from ${source}`)
    return result
  }) as Effect.Effect<A, unknown, Exclude<R, Repo> | Stdio>
