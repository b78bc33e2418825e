import * as Effect from "effect/Effect"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { Api } from "./Api.ts"
import type { Client, ClientOptions } from "./Client.ts"

/** Makes a client over `fetch`, in Node or in the browser. */
export const make = ({ token, url }: ClientOptions): Effect.Effect<Client["Service"]> =>
  HttpApiClient.make(Api, {
    baseUrl: url,
    transformClient: (client) =>
      token === undefined ? client : HttpClient.mapRequest(client, HttpClientRequest.bearerToken(token))
  }).pipe(Effect.provide(FetchHttpClient.layer))
