import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { createServer, type Server } from "node:net"
import { join } from "node:path"
import packageJson from "../package.json" with { type: "json" }
import { folder, root, run, start, thunderline } from "./cli/Process.ts"

const readme = readFileSync(join(root, "README.md"), "utf8")

interface Block {
  readonly marker: string | undefined
  readonly language: string
  readonly text: string
}

const blocks: ReadonlyArray<Block> = Array.from(
  readme.matchAll(/(?:<!-- (?<marker>.+) -->\n)?```(?<language>\w+)\n(?<text>[^]*?)```\n/g),
  ({ groups }) => ({ marker: groups!.marker, language: groups!.language!, text: groups!.text! })
)

/**
 * The lines of a log in the pretty format without their times, and without the tick that the end happens to come at; those
 * about each domain in their order.
 */
const messages = (log: string) => {
  const all = log.trimEnd().split("\n").map((line) =>
    /^[\d:.]+ [A-Z]+ +(.+)$/.exec(line)?.[1]?.replace(/(deactivat.*) tick=\d+/i, "$1")
  )
  const about = (name: string) => all.filter((message) => message?.toLowerCase().includes(name))
  return {
    greeter: about("greeter"),
    visitor: about("visitor"),
    program: about("[tickgenerator]"),
    ticks: about("hello"),
    end: about("[thunderline]")
  }
}

describe("the README", () => {
  it("shows programs that are files of the examples, word for word", () => {
    const programs = blocks.filter(({ language }) => language === "ts")
    assert.deepStrictEqual(programs.map(({ marker }) => marker), [
      "examples/minimal.ts",
      "examples/library.ts",
      "examples/composed/main.ts",
      "examples/composed/addressFirst.ts"
    ])
    for (const { marker, text } of programs) {
      assert.strictEqual(text, readFileSync(join(root, marker!), "utf8"), marker)
    }
  })

  it("names npm scripts that there are", () => {
    const scripts = blocks.filter(({ language }) => language === "sh").flatMap(({ text }) =>
      Array.from(text.matchAll(/npm (?:run )?(?!ci\b|install\b)(\w+)/g), ([_, script]) => script!)
    )
    assert.deepStrictEqual(scripts, ["start", "test", "start"])
    for (const script of scripts) assert.property(packageJson.scripts, script)
  })

  it.live("lists the commands that there are, and no others", () =>
    Effect.gen(function*() {
      const { stdout } = yield* run(["--help"])
      const there = Array.from(stdout.split("SUBCOMMANDS\n")[1]!.matchAll(/^ {2}(\w+)/gm), ([_, command]) => command)
      const section = readme.split("## The command line\n")[1]!
      const listed = Array.from(section.matchAll(/^\| `(\w+)[^`]*` \|/gm), ([_, command]) => command)
      assert.deepStrictEqual(listed.sort(), there.sort())
    }))

  it("lists the package's entries, and no others", () => {
    const listed = Array.from(readme.matchAll(/^\| `thunderline(\/?\w*)` \|/gm), ([_, entry]) => `.${entry}`)
    assert.deepStrictEqual([...listed, "./package.json"].sort(), Object.keys(packageJson.exports).sort())
  })

  it.live("shows what its first example writes", () =>
    Effect.gen(function*() {
      const program = yield* thunderline([
        "start",
        "examples/minimal.ts",
        "--interval",
        "200ms",
        "--database",
        "memory"
      ])
      yield* program.says("Hello, tick 3")
      yield* program.kill("SIGINT")
      const { code, stdout } = yield* program.ended
      const shown = blocks.find(({ marker }) => marker === "output")!.text
      const log = stdout.replace("200ms", "1000ms").replaceAll(/^.*Hello, tick [4-9].*\n/gm, "")
      assert.deepStrictEqual(messages(log), messages(shown))
      assert.strictEqual(code, 0)
    }))

  it.live("shows a program of one's own that runs, and exits 0 after SIGTERM", () =>
    Effect.gen(function*() {
      const program = yield* start(process.execPath, ["examples/library.ts"])
      yield* program.says("Hello, tick 2")
      yield* program.kill("SIGTERM")
      const { code, stderr, stdout } = yield* program.ended
      assert.include(stdout, "Domain deactivated: visitor")
      assert.deepStrictEqual([code, stderr], [0, ""])
    }))

  it.live("shows how to take the address first: with a port that is taken, no domain starts", () =>
    Effect.gen(function*() {
      const env = { XDG_STATE_HOME: yield* folder() }
      yield* Effect.acquireRelease(
        Effect.callback<Server>((resume) => {
          const server = createServer()
          server.on("error", () => resume(Effect.succeed(server))).listen(
            4747,
            "127.0.0.1",
            () => resume(Effect.succeed(server))
          )
        }),
        (server) => Effect.sync(() => void server.close())
      )
      const { code, stdout } = yield* (yield* start(process.execPath, ["examples/composed/addressFirst.ts"], { env }))
        .ended
      assert.include(stdout, "Port 4747 on 127.0.0.1 is taken")
      assert.notInclude(stdout, "Waiting for first tick")
      assert.strictEqual(code, 1)
    }).pipe(Effect.scoped))
})
