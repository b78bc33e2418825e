/**
 * Makes `dist` the package that is published: the root's manifest with the compiled files in the place of the sources,
 * and the texts and the built dashboard that belong to it. In the repository itself `thunderline` is its sources, so
 * that nothing has to be built.
 */
import { copyFileSync, cpSync, readFileSync, writeFileSync } from "node:fs"

const { bin, dependencies, description, engines, exports, keywords, license, name, repository, type, version } = JSON
  .parse(readFileSync("package.json", "utf8"))

const compiled = (file: string) => file.replace(/\.ts$/, ".js")

const manifest = {
  name,
  version,
  description,
  keywords,
  license,
  repository,
  type,
  engines,
  exports: Object.fromEntries(
    Object.entries<string>(exports).map(([path, file]) => [
      path,
      file.endsWith(".ts") ? { types: file.replace(/\.ts$/, ".d.ts"), default: compiled(file) } : file
    ])
  ),
  bin: Object.fromEntries(Object.entries<string>(bin).map(([command, file]) => [command, compiled(file)])),
  dependencies
}

writeFileSync("dist/package.json", `${JSON.stringify(manifest, null, 2)}\n`)
for (const text of ["README.md", "LICENSE", "CHANGELOG.md"]) copyFileSync(text, `dist/${text}`)
cpSync("dashboard/dist", "dist/dashboard/dist", { recursive: true })
