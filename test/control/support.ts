import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Client from "../../src/control/Client.ts"
import * as ControlServer from "../../src/control/ControlServer.ts"
import type * as Domain from "../../src/model/Domain.ts"
import * as Thunderline from "../../src/Thunderline.ts"
import * as LogLines from "../support/LogLines.ts"

/** The token of the servers under test. */
export const token = "a-token-for-tests-0123456789"

/** What `served` provides. */
export type Served =
  | Client.Client
  | ControlServer.ControlServer
  | Thunderline.Infrastructure
  | LogLines.LogLines

const stateFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "thunderline-served-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

/** An application with ticks by hand, its control plane on a free port, and a client with the token. */
export const served = <const Domains extends ReadonlyArray<Domain.Any>>(
  domains: Domains,
  options: {
    readonly server?: Partial<ControlServer.ControlServerOptions>
    readonly app?: Partial<Thunderline.Options<Domains, never, never>>
  } = {}
) => {
  const app = Thunderline.layer<Domains>({ heartbeat: "manual", ...options.app, domains })
  const server = Layer.unwrap(
    Effect.map(
      stateFolder,
      (stateDir) => ControlServer.layer({ port: 0, token: Redacted.make(token), stateDir, ...options.server })
    )
  )
  const client = Layer.unwrap(Effect.map(
    ControlServer.ControlServer,
    ({ url }) => Client.layer({ url, token: Redacted.make(token) })
  ))
  return client.pipe(
    Layer.provideMerge(server),
    Layer.provideMerge(app),
    Layer.provideMerge(LogLines.layer)
  ) as Layer.Layer<Served, unknown>
}

/** What a request was answered with. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: any
}

/** Sends a request as it is, without the client. */
export const ask = (path: string, init?: RequestInit): Effect.Effect<Answer, never, ControlServer.ControlServer> =>
  ControlServer.ControlServer.use(({ url }) =>
    Effect.promise(async () => {
      const response = await fetch(url + path, init)
      const text = await response.text()
      const isJson = response.headers.get("content-type")?.includes("json") === true
      return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined }
    })
  )

/** The headers of a caller with the token. */
export const bearer = (shown: string = token) => ({ authorization: `Bearer ${shown}` })
