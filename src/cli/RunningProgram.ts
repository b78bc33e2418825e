import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as Client from "../control/Client.ts"
import * as ControlFile from "../node/ControlFile.ts"
import * as ControlPort from "../node/ControlPort.ts"
import * as TokenFile from "../node/TokenFile.ts"
import * as ExitCode from "./ExitCode.ts"
import * as Listen from "./flags/Listen.ts"
import * as TrailSettings from "./flags/TrailSettings.ts"

/** How the running program is found. */
export interface Where {
  /** The state folder that it was started with. */
  readonly stateDir: string
  /** Its port on this machine, if it was named. */
  readonly port: Option.Option<number>
}

/** `--state-dir` and `--port`: every command that talks to the running program has them. */
export const flags = {
  stateDir: TrailSettings.flags.stateDir,
  port: Listen.givenPort
}

/** Where a program should answer, and what says so. */
export interface Address {
  readonly url: string
  readonly source: "--port" | "control.json" | "default"
}

/** No program answers. */
export class NotRunning extends Schema.TaggedError<NotRunning>()("NotRunning", {
  url: Schema.String,
  source: Schema.Literals(["--port", "control.json", "default"]),
  stateDir: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = ExitCode.cannotConnect
  override get message() {
    const from = this.source === "control.json"
      ? ` (from ${this.stateDir}/control.json)`
      : this.source === "default"
      ? ` (the default; nothing runs on ${this.stateDir})`
      : ""
    return `No program answers at ${this.url}${from}: start one with "thunderline start", or name it with --port or --state-dir`
  }
}

/** The program answered with a refusal. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  status: Schema.Natural,
  detail: Schema.String
}) {
  override get message() {
    return this.detail
  }
}

const here = (port: number) => `http://127.0.0.1:${port}`

/** Where the program is: at the port that was named, else where the state folder says, else at the default port. */
export const address = Effect.fnUntraced(function*({ port, stateDir }: Where): Effect.fn.Return<Address> {
  if (Option.isSome(port)) return { url: here(port.value), source: "--port" }
  const file = yield* ControlFile.read(stateDir)
  if (Option.isSome(file)) return { url: file.value.url, source: "control.json" }
  return { url: here(yield* ControlPort.fromEnvironment), source: "default" }
})

/** A client of the running program, with the token if there is one. */
export const client = Effect.fnUntraced(function*(where: Where) {
  const { url } = yield* address(where)
  const token = yield* TokenFile.find(where.stateDir)
  return yield* Client.make({ url, token: Option.getOrUndefined(token) })
})

const isProblem = (u: unknown): u is { readonly status: number; readonly detail?: string; readonly title: string } =>
  typeof u === "object" && u !== null && "status" in u && "title" in u

/** What a failed call means to the person who typed the command. */
const explain = (error: unknown, notRunning: NotRunning): unknown => {
  if (isProblem(error)) return new Refused({ status: error.status, detail: error.detail ?? error.title })
  const reason = error as { readonly _tag?: string; readonly reason?: { readonly _tag?: string } }
  return reason._tag === "HttpClientError" && reason.reason?._tag === "TransportError" ? notRunning : error
}

/** Asks the running program. Fails with `NotRunning` when there is none, and with `Refused` when it says no. */
export const ask = <A, E, R>(
  where: Where,
  question: (client: Client.Client["Service"]) => Effect.Effect<A, E, R>
): Effect.Effect<A, unknown, R> =>
  Effect.gen(function*() {
    const { source, url } = yield* address(where)
    return yield* Effect.flatMap(client(where), question).pipe(
      Effect.mapError((error) => explain(error, new NotRunning({ url, source, stateDir: where.stateDir })))
    )
  })
