import * as Flag from "effect/cli/Flag"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as DurationText from "../text/DurationText.ts"

const minimum = Duration.millis(1)
const maximum = Duration.days(1)

/** Reads the interval of a heartbeat: 1 millisecond to 1 day. */
export const parse = (text: string): Option.Option<Duration.Duration> =>
  Option.filter(DurationText.parse(text), Duration.between({ minimum, maximum }))

/** `--interval`: the time between two ticks. */
export const flag: Flag.Flag<Duration.Duration> = Flag.String("interval").pipe(
  Flag.filterMap(
    parse,
    () => `a length of time from 1ms to 1 day, such as 500ms, 1s or "1 second" (a bare number is milliseconds)`
  ),
  Flag.withDefault(Duration.seconds(1)),
  Flag.withMetavar("duration"),
  Flag.withDescription("Time between two ticks: 500ms, 1s, \"1 second\"; a bare number is milliseconds (default 1s)")
)
