/** The house rules that a machine can check. What they are for stands in ARCHITECTURE.md and CONTRIBUTING.md. */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { basename, dirname, join, normalize } from "node:path"
import oxlint from "../../.oxlintrc.json" with { type: "json" }

const root = join(import.meta.dirname, "../..")
const read = (file: string) => readFileSync(join(root, file), "utf8")
/** A file without the examples in its comments. */
const code = (file: string) => read(file).replaceAll(/^ *\*.*$/gm, "")

/** Every file that git tracks, or would. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root })
  .toString().trim().split("\n").filter((file) => !file.startsWith("dashboard/dist/"))
const under = (...folders: ReadonlyArray<string>) =>
  files.filter((file) => /\.tsx?$/.test(file) && folders.some((folder) => file.startsWith(`${folder}/`)))
const sources = under("src", "layers")

const roomOf = (file: string) => {
  const [top, room, ...rest] = file.split("/")
  return top === "layers" ? "layers" : rest.length === 0 ? "core" : room!
}

/** The imports of a file that stay within the project, as paths from its root. */
const importsOf = (file: string) =>
  Array.from(
    code(file).matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g),
    ([_, path]) => normalize(join(dirname(file), path!))
  )

const core = ["model", "telemetry", "trail", "heartbeat", "supervision", "insight", "core", "testing"]

/** Who may import whom, from the table in ARCHITECTURE.md. */
const allowed: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  read("ARCHITECTURE.md").split("<!-- rooms -->\n")[1]!.split("\n\n")[0]!.split("\n").slice(2).map((row) => {
    const [room, imports] = row.slice(2, -2).split(" | ") as [string, string]
    const rooms = imports === "–" ? [] : imports.split(", ").flatMap((name) => (name === "the core" ? core : [name]))
    return [room, new Set([room, ...rooms])]
  })
)

describe("the rooms", () => {
  it("import only from those above them, as ARCHITECTURE.md says", () => {
    const wrong = sources.flatMap((file) => {
      const mine = allowed.get(roomOf(file))
      if (mine === undefined || mine.has("every room")) return []
      return importsOf(file).map(roomOf).filter((room) => !mine.has(room)).map((room) => `${file} imports ${room}`)
    })
    assert.deepStrictEqual(wrong, [])
  })

  it("are all in the table of ARCHITECTURE.md, and each is guarded by oxlint", () => {
    const rooms = Array.from(new Set(sources.map(roomOf))).filter((room) => room !== "core" && room !== "layers")
    assert.sameMembers(Array.from(allowed.keys()), rooms)
    const guarded = oxlint.overrides.flatMap((override) =>
      "no-restricted-imports" in override.rules ? override.files : []
    )
    assert.sameMembers(guarded, rooms.map((room) => `src/${room}/**/*.ts`))
  })

  it("have no cycle", () => {
    const arrows = new Map<string, Set<string>>()
    for (const file of sources) {
      const from = roomOf(file)
      for (const to of importsOf(file).map(roomOf)) {
        if (to !== from) arrows.set(from, (arrows.get(from) ?? new Set()).add(to))
      }
    }
    const visit = (room: string, path: ReadonlyArray<string>): void => {
      assert.notInclude(path, room, [...path, room].join(" -> "))
      for (const next of arrows.get(room) ?? []) visit(next, [...path, room])
    }
    for (const room of arrows.keys()) visit(room, [])
  })

  it("of the core import no package but effect, and hold fewer than 8,000 lines of code", () => {
    const inside = sources.filter((file) => core.includes(roomOf(file)))
    for (const file of inside) {
      for (const [_, name] of code(file).matchAll(/(?:from|import)\s*\(?\s*"([^."][^"]*)"/g)) {
        assert.match(name!, /^effect(\/|$)/, `${file} imports ${name}`)
      }
    }
    const linesOf = (file: string) =>
      code(file).replaceAll(/\/\*\*.*|^ *\/\/.*/gm, "").split("\n").filter((line) => line.trim() !== "").length
    assert.isBelow(inside.reduce((sum, file) => sum + linesOf(file), 0), 8_000)
  })
})

describe("files", () => {
  it("have at most 400 lines, and functions at most 100", () => {
    const long = [...sources, ...under("dashboard/src", "test", "bench")].filter((file) =>
      read(file).split("\n").length > 401
    )
    assert.deepStrictEqual(long, [])
    const limit = oxlint.overrides.find((override) => "max-lines-per-function" in override.rules)
    assert.containsSubset(limit, {
      files: ["src/**/*.ts", "layers/**/*.ts", "dashboard/src/**/*"],
      rules: { "max-lines-per-function": ["error", { max: 100 }] }
    })
  })

  it("have names of their own", () => {
    const names = sources.map((file) => basename(file)).filter((name) => name !== "index.ts")
    assert.deepStrictEqual(names.filter((name, i) => names.indexOf(name) !== i), [])
  })

  it("under src are mirrored by test", () => {
    const rooms = new Set(under("src").map(roomOf))
    const others = new Set(["behaviour", "slow", "support", "dashboard", "examples"])
    for (const file of under("test")) {
      const [_, room, ...rest] = file.split("/")
      if (rest.length > 0) assert.isTrue(rooms.has(room!) || others.has(room!), `${file} has no room in src`)
    }
  })
})

describe("words", () => {
  const texts = files.filter((file) =>
    /\.(tsx?|md|ya?ml|css|html|service)$/.test(file) && !file.includes("tidy.test") && file !== "CHANGELOG.md" &&
    // The name of an index that is there since the first migration.
    !file.startsWith("src/postgres/migrations/")
  )
  const find = (pattern: RegExp) =>
    texts.flatMap((file) =>
      read(file).split("\n").flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []))
    )

  it("that say the same as another are not used", () => {
    assert.deepStrictEqual(
      find(/\b(surroundings|witness|strangers?|patience|genesis|astray|whoever|left behind)\b/i),
      []
    )
    assert.deepStrictEqual(find(/(?<!--no-)\baudit\b|\bAudit[A-Z]/i), [])
    assert.deepStrictEqual(find(/switched off|taken out|takes? it out\b/i), [])
  })

  it("name no session, no issue and no machine", () => {
    assert.deepStrictEqual(find(/\/work\/|\/root\/(?!\.)|\bissue #?\d+\b|registry\.npmjs/), [])
  })

  it("leave nothing for later", () => {
    assert.deepStrictEqual(find(/\b(TODO|FIXME|XXX|HACK)\b|@ts-ignore/), [])
  })
})

describe("public exports", () => {
  const entries = Object.values(
    (JSON.parse(read("package.json")) as { readonly exports: Readonly<Record<string, string>> }).exports
  ).filter((file) => file.endsWith(".ts")).map((file) => normalize(file))
  const modules = Array.from(
    new Set(
      entries.flatMap((entry) =>
        Array.from(
          read(entry).matchAll(/^export (?:\*|\{[^}]*\}) .*from "(\.[^"]+)"/gm),
          ([_, path]) => normalize(join(dirname(entry), path!))
        )
      )
    )
  )

  it("are documented, each with a comment of its own", () => {
    const bare = modules.flatMap((file) => {
      const lines = read(file).split("\n")
      const named = new Set<string>()
      return lines.flatMap((line, i) => {
        const match = /^export (?:declare )?(?:abstract )?(const|class|interface|type|function) (\w+)/.exec(line)
        if (match === null || named.has(match[2]!)) return []
        named.add(match[2]!)
        return lines[i - 1]?.trim().endsWith("*/") ? [] : [`${file}:${i + 1}: ${match[2]}`]
      })
    })
    assert.deepStrictEqual(bare, [])
  })

  it("stand in modules that say what they are, when to use them, and show it", () => {
    const mute = modules.filter((file) => !/^\/\*\*\n( \*[^\n]*\n){2,}/.test(read(file)))
    assert.deepStrictEqual(mute, [], "without a header")
    const unseen = modules.filter((file) => !/^ \* ```ts$/m.test(read(file)))
    assert.deepStrictEqual(unseen, [], "without an example")
  })
})

describe("code", () => {
  /** Who forks a fiber without `Loop.supervised`, and why that is no loop. */
  const forks: Readonly<Record<string, string>> = {
    "src/node/SystemdNotify.ts": "says once that the program is ready",
    "src/otel/ExportLosses.ts": "logs a line from a callback of the exporter",
    "src/supervision/Generation.ts": "is how the fibers of a domain are forked, and runs a use that can be abandoned",
    "src/supervision/Launch.ts": "runs the application in a fiber that can be abandoned",
    "src/supervision/RestartBudget.ts": "asks a schedule in a fiber that can be abandoned",
    "src/supervision/ShutdownLimit.ts": "waits for an end that can be abandoned",
    "src/supervision/SupervisorState.ts": "is how the supervisor runs what it awaits by a command",
    "src/supervision/TickDispatcher.ts": "publishes where the plain publish is refused",
    "src/telemetry/Loop.ts": "is where loops are run",
    "src/testing/Fault.ts": "injects fibers that die",
    "src/trail/Outbox.ts": "logs a line from a synchronous offer",
    "src/trail/OutboxWriter.ts": "writes in a fiber that can be abandoned",
    "src/trail/RunLease.ts": "waits beside a renewal, and for an end that can be abandoned"
  }

  it("runs what is endless under Loop.supervised: every other fork says why", () => {
    const found = under("src", "layers").filter((file) =>
      /\b(forkScoped|forkDetach|forkIn|runFork|runForkWith)\b/.test(read(file))
    )
    assert.sameMembers(found, Object.keys(forks))
  })

  it("asserts in one style", () => {
    const others = under("test", "examples").filter((file) =>
      !file.includes("tidy.test") && /(?<![\w.])expect\(/.test(read(file))
    )
    assert.deepStrictEqual(others, [])
  })
})
