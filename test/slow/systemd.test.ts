import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { join } from "node:path"
import { appText, folder, root, start, thunderline } from "../cli/Process.ts"

const app = appText(`export const domains = [
  Domain.make("slow", { layer: Layer.effectDiscard(Effect.sleep("300 millis")) })
]`)

/** What systemd would hear, on a socket of the kind that it opens. */
const socket = (folder: string) =>
  Effect.gen(function*() {
    const path = join(folder, "notify")
    const heard = yield* start("python3", [join(root, "test/slow/programs/notify_socket.py"), path])
    yield* heard.says("listening")
    return { path, heard }
  })

describe("a program that systemd has started", () => {
  it.live("says when it is ready, feeds the watchdog with its ticks, and says that it stops", () =>
    Effect.gen(function*() {
      const cwd = yield* folder({ "app.ts": app })
      const { heard, path } = yield* socket(cwd)
      const program = yield* thunderline(
        ["start", "app.ts", "--interval", "50ms", "--database", "memory", "--state-dir", "state"],
        { cwd, env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: "1000000" } }
      )
      yield* heard.says("<WATCHDOG=1>")
      yield* heard.says("<READY=1>")
      yield* heard.says("<STATUS=All required domains (1) are active.>")
      yield* heard.says("<WATCHDOG=1>")
      yield* program.kill("SIGTERM")
      yield* heard.says("<STOPPING=1>")
      const { code, stderr, stdout } = yield* program.ended
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.notInclude(stdout, "[Systemd]")
      yield* heard.kill("SIGTERM")
      const messages = (yield* heard.ended).stdout
      assert.lengthOf(messages.match(/<READY=1>/g) ?? [], 1)
      assert.isAbove(messages.match(/<WATCHDOG=1>/g)!.length, 1)
      assert.match(messages.trimEnd(), /<STOPPING=1>\n<STATUS=The program is shutting down.>\n<BARRIER=1>$/)
    }))

  it.live("is told when its ticks are too far apart for the watchdog", () =>
    Effect.gen(function*() {
      const cwd = yield* folder({ "app.ts": app })
      const { path } = yield* socket(cwd)
      const program = yield* thunderline(
        ["start", "app.ts", "--interval", "1h", "--database", "memory", "--state-dir", "state"],
        { cwd, env: { NOTIFY_SOCKET: path, WATCHDOG_USEC: "1000000" } }
      )
      yield* program.says("[Systemd] A tick every 3600000 ms cannot feed a watchdog of 1000 ms")
    }))

  it.live("has a unit that systemd accepts", () =>
    Effect.gen(function*() {
      const unit = join(root, "deploy/systemd/thunderline.service")
      const { code, stderr } = yield* Effect.flatMap(
        start("systemd-analyze", ["verify", "--man=no", unit]),
        (analyze) => analyze.ended
      )
      // The program is not installed here; nothing else may be wrong.
      const complaints = stderr.split("\n").filter((line) =>
        line.includes("thunderline.service") && !line.includes("is not executable")
      )
      assert.deepStrictEqual([complaints, code === 0 || stderr.includes("is not executable")], [[], true])
    }))
})
