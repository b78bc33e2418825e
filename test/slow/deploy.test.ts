import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root } from "../cli/Process.ts"
import * as Collector from "../support/Collector.ts"
import { expressions, labelsIn, namesIn } from "../support/Deploy.ts"
import * as OtlpSink from "../support/OtlpSink.ts"

/** Prometheus's own checker, of Debian's package `prometheus`: `PROMTOOL`, or the one on the path. */
const promtool = process.env["PROMTOOL"] ?? "promtool"
const isThere = spawnSync(promtool, ["--version"]).status === 0
if (!isThere) console.warn("There is no promtool (package prometheus, or PROMTOOL): no PromQL is checked")

describe.runIf(isThere)("promtool", () => {
  it("accepts the alerts", () => {
    const rules = join(root, "deploy/prometheus/thunderline.rules.yml")
    assert.include(execFileSync(promtool, ["check", "rules", "--lint-fatal", rules], { encoding: "utf8" }), "SUCCESS")
  })

  it("accepts everything that the dashboard asks", () => {
    const folder = mkdtempSync(join(tmpdir(), "thunderline-promql-"))
    try {
      // Its only way to read PromQL without a server: as rules that record.
      const rules = expressions.map(({ expression }, i) => ({ record: `check:${i}`, expr: expression }))
      const file = join(folder, "expressions.yml")
      writeFileSync(file, JSON.stringify({ groups: [{ name: "expressions", rules }] }))
      const output = execFileSync(promtool, ["check", "rules", file], { encoding: "utf8" })
      assert.include(output, `SUCCESS: ${rules.length} rules found`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe.runIf(Collector.binary)("the collector's own metrics", () => {
  it.live("have the names that the dashboard and the alerts ask for", () =>
    Effect.gen(function*() {
      const sink = yield* OtlpSink.make
      const collector = yield* Collector.make(Collector.binary!, sink.url)
      yield* collector.start()
      const asked = expressions.filter(({ expression }) => expression.includes("otelcol_"))
      const names = asked.flatMap(({ expression }) => namesIn(expression))
      assert.deepStrictEqual(
        new Set(names),
        new Set(["otelcol_exporter_queue_size", "otelcol_exporter_queue_capacity"])
      )
      assert.deepStrictEqual(asked.flatMap(({ expression }) => labelsIn(expression)), [])
      const text = yield* Effect.promise(() => fetch(collector.metricsUrl).then((answer) => answer.text())).pipe(
        Effect.repeat({
          until: (body) => names.every((name) => body.includes(`\n${name}{`)),
          schedule: Schedule.spaced("50 millis"),
          times: 100
        })
      )
      for (const name of names) assert.match(text, new RegExp(`^${name}\\{.*exporter="otlp_http/traces"`, "m"))
    }))
})
