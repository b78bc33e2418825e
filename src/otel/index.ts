export * as Otel from "./Otel.ts"
