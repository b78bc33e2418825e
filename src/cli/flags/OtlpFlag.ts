import * as Flag from "effect/cli/Flag"
import type * as Option from "effect/Option"

const isBase = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && (url.protocol === "http:" || url.protocol === "https:")
}

/** `--otlp`: where traces, metrics and logs go. */
export const flag: Flag.Flag<Option.Option<string>> = Flag.String("otlp").pipe(
  Flag.filter(isBase, () => "the base URL of an OpenTelemetry collector, such as http://127.0.0.1:4318"),
  Flag.optional,
  Flag.withMetavar("URL"),
  Flag.withDescription("Send traces, metrics and logs to a collector (default: $OTEL_EXPORTER_OTLP_ENDPOINT if set)")
)

/** `--trace-level`: whether every tick is a span, or only a tick that opens a gate. */
export const traceLevel: Flag.Flag<"Info" | "Debug"> = Flag.Literals("trace-level", ["info", "debug"]).pipe(
  Flag.withDefault("info" as const),
  Flag.map((level) => (level === "debug" ? "Debug" as const : "Info" as const)),
  Flag.withMetavar("level"),
  Flag.withDescription("Make spans of what domains do (info, default), or of every tick too (debug)")
)
