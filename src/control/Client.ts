import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { Api } from "./Api.ts"

/** Calls a running program's control plane; derived from its definition. */
export class Client extends Context.Service<Client, HttpApiClient.ForApi<typeof Api>>()("thunderline/control/Client") {}

/** Where a program is reached, and the token that changes something there. */
export interface ClientOptions {
  /** Such as `http://127.0.0.1:4747`. */
  readonly url: string
  readonly token?: Redacted.Redacted<string> | undefined
}

export const make = ({ token, url }: ClientOptions) =>
  HttpApiClient.make(Api, {
    baseUrl: url,
    transformClient: (client) =>
      token === undefined ? client : HttpClient.mapRequest(client, HttpClientRequest.bearerToken(token))
  })

/** A client over `fetch`. */
export const layer = (options: ClientOptions): Layer.Layer<Client> =>
  Layer.effect(Client, Effect.map(make(options), Client.of)).pipe(Layer.provide(FetchHttpClient.layer))
