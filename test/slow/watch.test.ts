import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { appText, folder, thunderline } from "../cli/Process.ts"
import * as Tmux from "./Tmux.ts"

const trouble = appText(`
const build = (ms) => Layer.effectDiscard(Effect.sleep(ms))
const config = Domain.make("config", { layer: build(20) })
const database = Domain.make("database", { dependsOn: [config], layer: build(60), onTick: () => Effect.void })
const broken = Domain.make("broken", {
  layer: Layer.effectDiscard(Effect.fail(new Error("no such file"))), restart: "never", escalate: false
})
const needy = Domain.make("needy", { dependsOn: [broken], layer: Layer.empty })
export const domains = [config, database, broken, needy]`)

const many = appText(`
const all = []
for (let i = 0; i < 1000; i++) {
  all.push(Domain.make("domain-" + i, { dependsOn: i < 10 ? [] : [all[Math.floor(i / 10)]], layer: Layer.empty }))
}
export const domains = all`)

/** A program on a port of its own choice, and what `watch` finds it by. */
const program = Effect.fnUntraced(function*(cwd: string) {
  const process = yield* thunderline(
    ["start", "app.ts", "--interval", "200ms", "--database", "memory", "--port", "0", "--state-dir", "state"],
    { cwd }
  )
  yield* process.says("Listening on")
  return process
})

const prepare = Effect.fnUntraced(function*(app: string, env?: Readonly<Record<string, string>>) {
  const cwd = yield* folder({ "app.ts": app })
  const terminal = yield* Tmux.terminal(env)
  yield* terminal.shows(/^[#$]/m)
  yield* terminal.line("echo before")
  yield* terminal.shows(/^before$/m)
  return { cwd, terminal, watch: `${Tmux.thunderline} watch --state-dir ${cwd}/state` }
})

/** The shell's screen, its cursor and the way in which it reads lines are back. */
const expectRestored = Effect.fnUntraced(function*(terminal: Effect.Success<ReturnType<typeof Tmux.terminal>>) {
  yield* terminal.line("stty -a | tr ' ;' '\\n\\n' | grep -xE '.?icanon|.?echo' | tr '\\n' '+'; echo code $code")
  const screen = yield* terminal.shows(/icanon.*code \d/)
  assert.match(screen, /^before$/m)
  assert.notInclude(screen, "── Last transitions")
  assert.match(screen, /^(?:[#$] )?icanon\+echo\+code 0$/m)
  assert.containsSubset(yield* terminal.state, { alternate: false, cursor: true })
})

describe("thunderline watch on a real terminal", () => {
  it.live("shows the program, follows the keys, and gives the terminal back with q", () =>
    Effect.gen(function*() {
      const { cwd, terminal, watch } = yield* prepare(trouble)
      yield* program(cwd)
      yield* terminal.line(`${watch}; code=$?`)
      const overview = yield* terminal.shows(/needy +waiting/)
      assert.match(overview, /^Thunderline app \S+ +run .*epoch 1 +up \d+s$/m)
      assert.match(overview, /^[●○] tick \d+ every 200ms {2}late p50 /m)
      assert.match(overview, /^4 domains {2}1 waiting {2}2 active {2}1 crashed +trail in memory$/m)
      assert.match(overview, /^▸ config +active +1 +\d+ {2}for \d+s$/m)
      assert.match(overview, /broken +crashed +1 +Error: no such file$/m)
      assert.match(overview, /needy +waiting +0 +blocked by broken \(crashed\)$/m)
      assert.match(overview, /database +active +activated in \d+ms$/m)
      assert.containsSubset(yield* terminal.state, { alternate: true, cursor: false })
      assert.include(yield* terminal.coloured, "\u001b[31mcrashed")

      yield* terminal.keys("t")
      yield* terminal.shows(/^ +1\/1 +database +░+█+ +\d+ms$/m)
      yield* terminal.keys("j", "Down")
      yield* terminal.shows(/^▸ broken/m)
      yield* terminal.keys("Enter")
      const story = yield* terminal.shows(/crashed +failure.*no such file/)
      assert.match(story, /^ {2}needed by +needy$/m)
      yield* terminal.keys("Escape")
      yield* terminal.shows(/^▸ broken/m)
      yield* terminal.keys("/", "d", "a", "t")
      yield* terminal.shows(/^\/dat▏$/m)
      assert.include(yield* terminal.showsNot("needy"), "▸ database")
      // At once they would be Alt-?.
      yield* terminal.keys("Escape")
      yield* terminal.shows(/needy +waiting/)
      yield* terminal.keys("?")
      yield* terminal.shows("any key goes back")
      yield* terminal.keys("x", "q")
      yield* terminal.shows(/^before$/m)
      yield* expectRestored(terminal)
    }))

  it.live("fits itself to the terminal when that is resized", () =>
    Effect.gen(function*() {
      const { cwd, terminal, watch } = yield* prepare(trouble)
      yield* program(cwd)
      yield* terminal.line(watch)
      yield* terminal.shows(/needy +waiting/)
      yield* terminal.resize(140, 40)
      const large = yield* terminal.shows("── Activations by tick/wave")
      assert.include(large, "── Last transitions")
      assert.match(large.split("\n")[39], /^q quit/)
      yield* terminal.resize(40, 10)
      const small = yield* terminal.showsNot("HEALTH")
      assert.match(small.split("\n")[9], /^q quit/)
    }))

  it.live.each(["TERM", "INT", "HUP"])(
    "gives the terminal back when SIG%s ends it",
    (signal) =>
      Effect.gen(function*() {
        const { cwd, terminal, watch } = yield* prepare(trouble)
        yield* program(cwd)
        // The shell becomes the command's wrapper, so that the signal can be sent by the number of the process.
        yield* terminal.line(`sh -c 'echo $$ > ${cwd}/pid; exec ${watch.replaceAll("'", "")}'; code=$?`)
        yield* terminal.shows(/needy +waiting/)
        const other = yield* Tmux.terminal()
        yield* other.shows(/^[#$]/m)
        yield* other.line(`kill -${signal} $(cat ${cwd}/pid)`)
        yield* terminal.shows(/^before$/m)
        yield* expectRestored(terminal)
      })
  )

  it.live("says that the program is gone, since when and why, and goes on with the one that comes back", () =>
    Effect.gen(function*() {
      const { cwd, terminal, watch } = yield* prepare(trouble)
      yield* terminal.line(watch)
      yield* terminal.shows("this view waits for it")
      const first = yield* program(cwd)
      yield* terminal.shows(/needy +waiting/)
      yield* first.kill("SIGKILL")
      yield* first.ended
      const lost = yield* terminal.shows(/No answer from http:\S+ for \d+s, retrying: nothing listens there/)
      assert.match(lost, /needy +waiting/)
      // It listens on another port now.
      yield* program(cwd)
      yield* terminal.showsNot("No answer")
      yield* terminal.shows(/needy +waiting/)
    }))

  it.live("scrolls through a thousand domains", () =>
    Effect.gen(function*() {
      const { cwd, terminal, watch } = yield* prepare(many)
      yield* program(cwd)
      yield* terminal.line(watch)
      yield* terminal.shows("1,000 domains  1,000 active")
      yield* terminal.shows(/1–\d+ of 1,000/)
      yield* terminal.keys("G")
      yield* terminal.shows(/^▸ domain-999 +active/m)
      yield* terminal.keys("PageUp", "k", "k")
      yield* terminal.shows(/^▸ domain-98\d +active/m)
    }))

  it.live("shows no colours when NO_COLOR is set", () =>
    Effect.gen(function*() {
      const { cwd, terminal, watch } = yield* prepare(trouble, { NO_COLOR: "1" })
      yield* program(cwd)
      yield* terminal.line(watch)
      yield* terminal.shows(/needy +waiting/)
      assert.notInclude(yield* terminal.coloured, "\u001b[")
    }))
})
