import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type { Api } from "./Api.ts"

/** Calls a running program's control plane; derived from its definition. */
export class Client extends Context.Service<Client, HttpApiClient.ForApi<typeof Api>>()("thunderline/control/Client") {}

/** Where a program is reached, and the token that changes something there. */
export interface ClientOptions {
  /** Such as `http://127.0.0.1:4747`. */
  readonly url: string
  readonly token?: Redacted.Redacted<string> | undefined
}

/** What a client is made of: a tenth of a second to load, so only by who needs one. */
const parts = Effect.promise(() =>
  Promise.all([
    import("effect/http-api/HttpApiClient"),
    import("effect/http/FetchHttpClient"),
    import("effect/http/HttpClient"),
    import("effect/http/HttpClientRequest"),
    import("./Api.ts")
  ])
)

/** A client over `fetch`, whose methods are the endpoints of the API by group and name. */
export const make = Effect.fnUntraced(function*({ token, url }: ClientOptions): Effect.fn.Return<Client["Service"]> {
  const [HttpApiClient, FetchHttpClient, HttpClient, HttpClientRequest, { Api }] = yield* parts
  return yield* HttpApiClient.make(Api, {
    baseUrl: url,
    transformClient: (client) =>
      token === undefined ? client : HttpClient.mapRequest(client, HttpClientRequest.bearerToken(token))
  }).pipe(Effect.provide(FetchHttpClient.layer))
})

/** The same as a service. */
export const layer = (options: ClientOptions): Layer.Layer<Client> => Layer.effect(Client, make(options))
