/**
 * Calls the control plane of a running program, typed by the API's own definition. Use it to read or operate a program
 * from another one; `ProgramFeed` follows it live. Inside the program itself use its services.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Client } from "thunderline/control"
 *
 * const ready = Effect.flatMap(Client.make({ url: "http://127.0.0.1:4747" }), ({ health }) => health.ready())
 * ```
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { Api } from "./Api.ts"

/** Calls a running program's control plane; derived from its definition. */
export class Client extends Context.Service<Client, HttpApiClient.ForApi<typeof Api>>()("thunderline/control/Client") {}

/** Where a program is reached, and the token that its operations need. */
export interface ClientOptions {
  /** Such as `http://127.0.0.1:4747`. */
  readonly url: string
  /** Without it only what is open to everybody can be asked. */
  readonly token?: Redacted.Redacted<string> | undefined
}

/** A client over `fetch`, whose methods are the endpoints of the API by group and name. Loading it takes a tenth of a second. */
export const make = (options: ClientOptions): Effect.Effect<Client["Service"]> =>
  Effect.flatMap(Effect.promise(() => import("./ApiClient.ts")), ({ make }) => make(options))

/** The same as a service. */
export const layer = (options: ClientOptions): Layer.Layer<Client> => Layer.effect(Client, make(options))
