import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** Where the control plane listens. */
export interface Listen {
  readonly host: string
  readonly port: number
  readonly allowedHosts: ReadonlyArray<string>
}

/** The port of the control plane, if nobody says otherwise. */
export const defaultPort = 4747

const parsePort = (text: string): Option.Option<number> =>
  /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Option.some(Number(text)) : Option.none()

/** `THUNDERLINE_PORT`, else 4747; what is no port there is passed over. */
export const environmentPort = Effect.map(
  Effect.orDie(Config.option(Config.String("THUNDERLINE_PORT"))),
  (text) => Option.getOrElse(Option.flatMap(text, parsePort), () => defaultPort)
)

/** `--port`, as it was given. */
export const givenPort: Flag.Flag<Option.Option<number>> = Flag.String("port").pipe(
  Flag.filterMap(parsePort, () => "a whole number from 0 to 65535"),
  Flag.optional,
  Flag.withMetavar("number"),
  Flag.withDescription("Port of the control plane (default: $THUNDERLINE_PORT if set, else 4747)")
)

const port = givenPort.pipe(
  Flag.mapEffect((given) => Option.isSome(given) ? Effect.succeed(given.value) : environmentPort)
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
