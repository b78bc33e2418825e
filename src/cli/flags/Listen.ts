import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ControlPort from "../../node/ControlPort.ts"

/** Where the control plane listens. */
export interface Listen {
  readonly host: string
  readonly port: number
  readonly allowedHosts: ReadonlyArray<string>
}

/** `--port`, as it was given. */
export const givenPort: Flag.Flag<Option.Option<number>> = Flag.String("port").pipe(
  Flag.filterMap(ControlPort.parse, () => "a whole number from 0 to 65535"),
  Flag.optional,
  Flag.withMetavar("number"),
  Flag.withDescription("Port of the control plane (default: $THUNDERLINE_PORT if set, else 4747)")
)

const port = givenPort.pipe(
  Flag.mapEffect((given) => Option.isSome(given) ? Effect.succeed(given.value) : ControlPort.fromEnvironment)
)

const host = Flag.String("host").pipe(
  Flag.filter((host) => host !== "", () => "an address of this machine"),
  Flag.withDefault("127.0.0.1"),
  Flag.withMetavar("address"),
  Flag.withDescription("Address to listen on (default 127.0.0.1); any other than loopback needs $THUNDERLINE_TOKEN")
)

const allowedHosts = Flag.String("allow-host").pipe(
  Flag.between(0, 100),
  Flag.withMetavar("name"),
  Flag.withDescription("A name by which requests may ask for this server, besides addresses and localhost; repeatable")
)

const http = Flag.Boolean("http").pipe(
  Flag.withDefault(true),
  Flag.withDescription("Serve the control plane (default); --no-http leaves it out")
)

/** `--host`, `--port`, `--allow-host` and `--no-http`. */
export const flags = { host, port, allowedHosts, http }
