import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

const pattern = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i

const milliseconds: Readonly<Record<string, number>> = {
  "": 1,
  ms: 1,
  milli: 1,
  millis: 1,
  millisecond: 1,
  milliseconds: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000
}

/**
 * Reads a length of time as people type it: `500ms`, `1s`, `1.5 minutes`, `2h`, `7 days`; a bare number is milliseconds.
 * Anything else is refused, a sign too.
 */
export const parse = (text: string): Option.Option<Duration.Duration> => {
  const match = pattern.exec(text.trim())
  const unit = match === null ? undefined : milliseconds[match[2]!.toLowerCase()]
  return match === null || unit === undefined
    ? Option.none()
    : Option.some(Duration.millis(Number(match[1]) * unit))
}
