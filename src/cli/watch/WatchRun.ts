import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Queue from "effect/Queue"
import * as Terminal from "effect/Terminal"
import * as EventFollower from "../../control/EventFollower.ts"
import * as ProgramFeed from "../../control/ProgramFeed.ts"
import * as Loop from "../../telemetry/Loop.ts"
import * as RunningProgram from "../RunningProgram.ts"
import type { Style } from "../text/Style.ts"
import * as Keys from "./Keys.ts"
import * as Model from "./Model.ts"
import * as Render from "./Render.ts"
import * as Screen from "./Screen.ts"

/** The least time between two pictures, whatever happens in between. */
const frame = "50 millis"

/** How often the picture is drawn without news: ages grow and the pulse fades. */
const still = "250 millis"

/** Reads a domain's transitions for its story. */
const readStory = (where: RunningProgram.Where, domain: string, post: (news: Model.News) => void) =>
  RunningProgram.client(where).pipe(
    Effect.flatMap(({ history }) => history.page({ query: { domain, limit: 200 } })),
    Effect.timeout(EventFollower.answerTimeout),
    Effect.match({
      onSuccess: ({ events }) => post(Model.StoryNews.StoryRead({ domain, transitions: events })),
      onFailure: (error) => post(Model.StoryNews.StoryUnread({ domain, problem: EventFollower.reasonOf(error) }))
    })
  )

/** Shows the running program until a key quits or the input ends, and then restores the terminal. */
export const run = Effect.fnUntraced(function*(where: RunningProgram.Where, style: Style) {
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const terminal = yield* Terminal.Terminal
  const screen = yield* Screen.open
  const sizes = yield* terminal.size
  let canvas: Render.Canvas = { columns: yield* terminal.columns, rows: yield* terminal.rows, style }
  let model = Model.make((yield* RunningProgram.address(where)).url)
  const changed = yield* Latch.make(true)

  const set = (next: Model.Model) => {
    model = next
    changed.openUnsafe()
  }
  const post = (news: Model.News) => set(Model.update(model, news, now()))

  /** The program may have come back at another address. */
  const client = Effect.gen(function*() {
    const { url } = yield* RunningProgram.address(where)
    set({ ...model, url })
    return yield* RunningProgram.client(where)
  })

  const stories = yield* Queue.sliding<string>(1)
  const readNext = Effect.flatMap(Queue.take(stories), (domain) => readStory(where, domain, post))

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
        yield* Queue.offer(stories, page.domain)
      }
    }
  })

  yield* Loop.supervised("watch-feed", ProgramFeed.run({ client }, post))
  yield* Loop.supervised("watch-story", Effect.forever(readNext))
  yield* Loop.supervised("watch-picture", Effect.forever(draw))
  // The sizes end with the terminal.
  yield* Loop.supervised("watch-size", Effect.andThen(Effect.ignore(Effect.forever(resize)), Effect.never))
  // The input ends with its terminal.
  yield* Effect.ignore(keys)
}, Effect.scoped)
