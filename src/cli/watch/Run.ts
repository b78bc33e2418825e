import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import * as Terminal from "effect/Terminal"
import type { Style } from "../text/Style.ts"
import * as Feed from "./Feed.ts"
import * as Keys from "./Keys.ts"
import * as Model from "./Model.ts"
import * as Render from "./Render.ts"
import * as Screen from "./Screen.ts"

/** Between two pictures at least so long, whatever happens in between. */
const frame = "50 millis"

/** So often the picture is drawn without news: ages grow and the pulse fades. */
const still = "250 millis"

/** Shows the running program until a key quits or the input ends; then the terminal is as it was. */
export const run = Effect.fnUntraced(function*(connection: Feed.Connection, style: Style) {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const terminal = yield* Terminal.Terminal
  const screen = yield* Screen.open
  const sizes = yield* terminal.size
  let canvas: Render.Canvas = { columns: yield* terminal.columns, rows: yield* terminal.rows, style }
  let model = Model.make(yield* connection.url, now())
  const changed = yield* Latch.make(true)

  const set = (next: Model.Model) => {
    model = next
    changed.openUnsafe()
  }
  const post = (news: Model.News) => set(Model.update(model, news, now()))

  const draw = Effect.gen(function*() {
    yield* Effect.timeoutOption(changed.await, still)
    yield* changed.close
    yield* screen.show(Render.render(model, canvas, now()), canvas.columns)
    yield* Effect.sleep(frame)
  })

  const resize = Effect.gen(function*() {
    const size = yield* Queue.take(sizes)
    if (size.columns === canvas.columns && size.rows === canvas.rows) return
    canvas = { ...size, style }
    yield* screen.clear
    set(model)
  })

  const keys = Effect.gen(function*() {
    const input = yield* terminal.readInput
    while (true) {
      const pressed = yield* Queue.take(input)
      if (Keys.quits(model, pressed)) return
      if (pressed.key.ctrl && pressed.key.name === "l") yield* screen.clear
      const before = model.page
      set(Keys.press(model, pressed, Render.pageOf(canvas)))
      const { page } = model
      if (page !== before && page._tag === "Story" && page.transitions === undefined) {
        yield* Effect.forkScoped(Feed.transitions(connection, page.domain, post))
      }
    }
  })

  yield* Effect.forkScoped(Feed.run(connection, post))
  yield* Effect.forkScoped(Effect.forever(draw))
  yield* Effect.forkScoped(Effect.ignore(Effect.forever(resize)))
  // Ends also when there is no more input: its terminal is gone.
  yield* Effect.ignore(keys)
}, Effect.scoped)
