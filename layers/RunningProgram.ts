import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type Address, RunningProgram, type Where } from "../src/cli/RunningProgram.ts"
import * as Client from "../src/control/Client.ts"
import * as ControlFile from "../src/node/ControlFile.ts"
import * as ControlPort from "../src/node/ControlPort.ts"
import * as TokenFile from "../src/node/TokenFile.ts"

const here = (port: number) => `http://127.0.0.1:${port}`

const address = Effect.fnUntraced(function*({ port, stateDir }: Where): Effect.fn.Return<Address> {
  if (Option.isSome(port)) return { url: here(port.value), source: "--port" }
  const file = yield* ControlFile.read(stateDir)
  if (Option.isSome(file)) return { url: file.value.url, source: "control.json" }
  return { url: here(yield* ControlPort.fromEnvironment), source: "default" }
})

/** The program that runs on a state folder, or on a port of this machine. */
export const layer = (version: string): Layer.Layer<RunningProgram> =>
  Layer.succeed(RunningProgram, {
    address,
    version,
    client: (where) =>
      Layer.unwrap(Effect.gen(function*() {
        const { url } = yield* address(where)
        const token = yield* TokenFile.find(where.stateDir)
        return Client.layer({ url, token: Option.getOrUndefined(token) })
      }))
  })
