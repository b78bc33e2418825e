/**
 * Builds `dist`, the package that is published: the compiled sources, the built dashboard, the texts, and a manifest made
 * from the root's. In a clone `thunderline` is its sources, so nothing has to be built there.
 */
import { execFileSync } from "node:child_process"
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"

rmSync("dist", { recursive: true, force: true })
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "--project", "tsconfig.build.json"], {
  stdio: "inherit"
})

// In declarations the compiler leaves imports as they are written in the sources.
for (
  const file of readdirSync("dist", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".d.ts"))
) {
  const declarations = readFileSync(`dist/${file}`, "utf8")
  writeFileSync(`dist/${file}`, declarations.replaceAll(/((?:from|import\() ?"\.[^"]+)\.ts"/g, "$1.js\""))
}

const { allowScripts: _1, devDependencies: _2, private: _3, scripts: _4, ...manifest } = JSON.parse(
  readFileSync("package.json", "utf8")
)

const compiled = (file: string) => file.replace(/\.ts$/, ".js")

const entry = (file: string) =>
  file.endsWith(".ts") ? { types: file.replace(/\.ts$/, ".d.ts"), default: compiled(file) } : file

const mapValues = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]))

const published = {
  ...manifest,
  exports: mapValues(manifest.exports, entry),
  bin: mapValues(manifest.bin, compiled),
  sideEffects: manifest.sideEffects.map(compiled)
}

writeFileSync("dist/package.json", `${JSON.stringify(published, null, 2)}\n`)
for (const text of ["README.md", "LICENSE", "CHANGELOG.md"]) copyFileSync(text, `dist/${text}`)
cpSync("dashboard/dist", "dist/dashboard/dist", { recursive: true })
