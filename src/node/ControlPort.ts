import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/** The port of the control plane, unless another is named. */
export const defaultPort = 4747

/** A port as people write it. */
export const parse = (text: string): Option.Option<number> =>
  /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Option.some(Number(text)) : Option.none()

/** `THUNDERLINE_PORT`, else 4747; a value that is no port is ignored. */
export const fromEnvironment: Effect.Effect<number> = Effect.map(
  Effect.orDie(Config.option(Config.String("THUNDERLINE_PORT"))),
  (text) => Option.getOrElse(Option.flatMap(text, parse), () => defaultPort)
)
