import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { folder } from "../cli/Process.ts"
import * as Tmux from "./Tmux.ts"

describe("progress on a real terminal", () => {
  it.live("of a long simulation is a bar on standard error, which is gone when it is over", () =>
    Effect.gen(function*() {
      const cwd = yield* folder()
      const terminal = yield* Tmux.terminal()
      yield* terminal.shows(/^[#$]/m)
      yield* terminal.line(`clear; ${Tmux.thunderline} simulate --ticks 5000 > ${cwd}/out; echo done`)
      yield* terminal.shows(/^Simulating █+░+ +\d+% {2}\d+s left$/m)
      const after = yield* terminal.shows(/^done$/m)
      assert.notInclude(after, "Simulating")
      yield* terminal.line(`clear; tail -1 ${cwd}/out`)
      yield* terminal.shows(/thundergrid +active, generation 1/)
    }))

  it.live("of a migration says that it goes on", () =>
    Effect.gen(function*() {
      const cwd = yield* folder()
      const terminal = yield* Tmux.terminal()
      yield* terminal.shows(/^[#$]/m)
      yield* terminal.line(`clear; ${Tmux.thunderline} migrate --state-dir ${cwd}/state; echo done`)
      yield* terminal.shows(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Migrating schema thunderline … {2}\d+s$/m)
      const after = yield* terminal.shows(/^done$/m)
      assert.match(after, /Schema thunderline is up to date; applied: /)
      assert.notInclude(after, "Migrating")
    }))
})
