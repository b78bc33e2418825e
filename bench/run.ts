/**
 * Runs the benchmarks (`*.bench.ts` in this folder, or those named on the command line), each in a process of its own,
 * and prints every round as a line of JSON and then a table. Figures compare only within one run on one machine.
 */
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { availableParallelism, cpus } from "node:os"
import { fileURLToPath } from "node:url"
import type { Benchmark } from "./Benchmark.ts"

const folder = new URL(".", import.meta.url)

/** The rounds of one file, in a process of its own: the JSON lines that it writes. */
const child = process.argv[2] === "--file" ? process.argv[3] : undefined
if (child !== undefined) {
  const { default: benchmark }: { readonly default: Benchmark } = await import(new URL(child, folder).href)
  await benchmark(({ name, unit, value }) =>
    console.log(JSON.stringify({ bench: child.replace(".bench.ts", ""), name, unit, value }))
  )
  process.exit(0)
}

const named = process.argv.slice(2)
const files = readdirSync(folder).filter((file) =>
  file.endsWith(".bench.ts") && (named.length === 0 || named.some((name) => file.startsWith(name)))
)
const measured = new Map<string, { readonly unit: string; readonly values: Array<number> }>()
console.log(`Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model ?? "?"}, ${process.platform}\n`)

let failed = 0
for (const file of files) {
  const { status, stdout } = spawnSync(
    process.execPath,
    ["--expose-gc", fileURLToPath(import.meta.url), "--file", file],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 2 ** 26 }
  )
  if (status !== 0) failed++
  for (const line of stdout.split("\n").filter((text) => text.startsWith("{\"bench\""))) {
    console.log(line)
    const { bench, name, unit, value } = JSON.parse(line)
    const key = `${bench}: ${name}`
    if (!measured.has(key)) measured.set(key, { unit, values: [] })
    measured.get(key)!.values.push(value)
  }
}

const shown = (value: number) =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)))

console.log("\n| what | median | lowest – highest | unit | rounds |\n|---|---|---|---|---|")
for (const [name, { unit, values }] of measured) {
  const sorted = values.toSorted((a, b) => a - b)
  const median = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
  console.log(
    `| ${name} | ${shown(median)} | ${shown(sorted[0]!)} – ${shown(sorted.at(-1)!)} | ${unit} | ${sorted.length} |`
  )
}
process.exit(failed === 0 ? 0 : 1)
