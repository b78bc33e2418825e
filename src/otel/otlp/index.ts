export * as Otlp from "../Otlp.ts"
