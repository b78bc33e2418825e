import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { run } from "../Process.ts"

const commands = [[], ["start"], ["watch"], ["history"], ["analyze", "boot"]]

describe("--help", () => {
  it.live(
    "fits into 80 columns, and keeps each explanation in its column",
    () =>
      Effect.gen(function*() {
        const helps = yield* Effect.forEach(commands, (command) => run([...command, "--help"]), { concurrency: 2 })
        const lines = helps.flatMap(({ stdout }) => stdout.split("\n"))
        assert.deepStrictEqual(lines.filter((line) => line.length > 80), [])
        assert.isTrue(helps.every(({ code, stderr }) => code === 0 && stderr === ""))

        const start = helps[1]!.stdout
        assert.match(
          start,
          /^ {2}--first-tick mode {5}When tick 1 comes: .*\n {24}once \(choices: interval, immediate\)$/m
        )
        assert.match(start, /^ {2}--database embedded\|memory\|URL\n {24}Where the trail is kept/m)
        assert.include(start, "\nthunderline --help shows the flags that all commands have.\n")
        assert.match(start, /\n {2}thunderline start\n\n {2}# Your own domains\n {2}thunderline start examples/)
        assert.match(helps[0]!.stdout, /^ {2}--log-level <all\|.*>\n {17}Sets the minimum log level$/m)
      }),
    60_000
  )
})
