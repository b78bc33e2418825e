import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { ControlServer } from "../../src/control/ControlServer.ts"
import { TickGenerator } from "../../src/heartbeat/TickGenerator.ts"
import * as Domain from "../../src/model/Domain.ts"
import { DomainControl } from "../../src/model/DomainControl.ts"
import { served, token } from "../control/support.ts"
import { awaitStates, tick } from "../support/app.ts"
import { absent, browser, open, violations } from "./Browser.ts"

if (absent !== undefined) console.warn(`The dashboard is not tested: ${absent}`)

/** A shop of four domains, in which the pump of `store` can be broken. */
const shop = () => {
  const broken = Deferred.makeUnsafe<void>()
  const pump = Effect.andThen(Deferred.await(broken), Effect.fail(new Error("the pump broke")))
  const store = Domain.make("store", {
    layer: Layer.empty,
    workers: { pump },
    onTick: () => Effect.void,
    restart: Domain.restartPolicy({ schedule: Schedule.spaced("1 hour"), limit: 5, within: "1 hour" })
  })
  const cart = Domain.make("cart", { dependsOn: [store], layer: Layer.empty })
  const till = Domain.make("till", { dependsOn: [cart], after: [store], layer: Layer.empty })
  const lamp = Domain.make("lamp", { layer: Layer.empty })
  return { domains: [store, cart, till, lamp] as const, breakPump: Deferred.succeed(broken, undefined) }
}

const allActive = { store: "active", cart: "active", till: "active", lamp: "active" } as const

const quiet = Effect.provide(Logger.layer([]))

const text = (page: Page, wanted: string | RegExp) => Effect.promise(() => page.getByText(wanted).first().waitFor())

const headline = (page: Page, wanted: string) =>
  Effect.promise(() => page.getByTestId("headline").filter({ hasText: wanted }).waitFor())

const goto = (page: Page, hash = "") =>
  ControlServer.use(({ url }) => Effect.promise(() => page.goto(`${url}/${hash}`)))

/** The shop, served and active, and a page that shows it. */
const shown = Effect.fnUntraced(function*(options?: Parameters<typeof open>[1]) {
  yield* tick
  yield* awaitStates(allActive)
  const opened = yield* open(yield* browser, options)
  yield* goto(opened.page)
  yield* headline(opened.page, "All 4 domains are active.")
  return opened
})

const confirm = (page: Page, given: string) =>
  Effect.promise(async () => {
    await page.getByLabel("Token", { exact: true }).fill(given)
    await page.getByRole("dialog").getByRole("button", { name: "Restart" }).click()
  })

const longest = (tasks: ReadonlyArray<number>) => Math.round(Math.max(0, ...tasks))

const sideways = (page: Page) =>
  Effect.promise(() => page.evaluate<number>("document.documentElement.scrollWidth - window.innerWidth"))

describe.runIf(absent === undefined)("the dashboard", () => {
  it.live("shows what runs, follows the ticks, and asks nobody but the server", () => {
    const { domains } = shop()
    return Effect.gen(function*() {
      yield* tick
      yield* awaitStates(allActive)
      const { complaints, page } = yield* open(yield* browser)
      const asked: Array<string> = []
      page.on("request", (request) => asked.push(new URL(request.url()).origin))
      yield* goto(page)
      yield* headline(page, "All 4 domains are active.")
      yield* tick
      yield* Effect.promise(() => page.getByTestId("tick").filter({ hasText: "tick 2" }).waitFor())
      yield* text(page, /till became active: activated in/)
      yield* text(page, /opened 4 domains in 3 waves/)
      const { url } = yield* ControlServer
      assert.deepStrictEqual([...new Set(asked)], [url])
      // No further tick comes, and the page does not hide it.
      yield* Effect.promise(() =>
        page.getByTestId("silent").filter({ hasText: /the last tick came \d+s ago, one is due every 1s/ }).waitFor()
      )
      assert.deepStrictEqual(complaints, [])
    }).pipe(Effect.provide(served(domains)), quiet)
  })

  it.live("tells a crash, its cause and who waits because of it, without being loaded again", () => {
    const { breakPump, domains } = shop()
    return Effect.gen(function*() {
      const { page } = yield* shown()
      yield* breakPump
      yield* headline(page, "1 of 4 domains active: 1 restarting and 2 waiting.")
      const trouble = yield* Effect.promise(() => page.locator(".troubles li").first().innerText())
      assert.match(trouble, /store is restarting, attempt 1 in (1h|\d+m( \d+s)?): Error: the pump broke/)
      assert.include(trouble, "cart and till wait because of it.")
      const row = yield* Effect.promise(() => page.locator("a.row[data-domain=till]").innerText())
      assert.match(row, /waits for cart \(waiting\) and store \(restarting, attempt 1 in \d+[mh]/)
      yield* Effect.promise(() => page.getByRole("status").filter({ hasText: "store crashed. 1 of 4" }).waitFor())
      yield* Effect.promise(() => page.getByRole("link", { name: "store", exact: true }).first().click())
      yield* text(page, "Crashes")
      yield* text(page, /generation 1: Error: the pump broke/)
      assert.strictEqual(yield* Effect.promise(() => page.title()), "(3) store · thunderline")
    }).pipe(Effect.provide(served(domains)), quiet)
  })

  it.live("restarts a domain with the token, and not with a wrong one", () => {
    const { domains } = shop()
    return Effect.gen(function*() {
      const { page } = yield* shown()
      yield* goto(page, "#/domain/store")
      yield* Effect.promise(() => page.getByRole("button", { name: "Restart store" }).click())
      yield* text(
        page,
        "Generation 1 of store ends and generation 2 is built. cart and till depend on it and restart with it."
      )
      yield* Effect.promise(() => page.getByRole("dialog").getByRole("button", { name: "Restart" }).click())
      // The field is required: nothing was sent.
      assert.isTrue(yield* Effect.promise(() => page.getByLabel("Token", { exact: true }).isVisible()))
      yield* confirm(page, "not-the-token-at-all")
      yield* text(page, "That is not the token. Nothing was done.")
      yield* confirm(page, token)
      yield* text(page, /Accepted: store is/)
      yield* Effect.promise(() => page.getByRole("button", { name: "Close" }).click())
      yield* text(page, /Generation 2 became active/)
      // The token is kept in memory alone, and not asked for again.
      assert.strictEqual(
        yield* Effect.promise(() => page.evaluate<number>("sessionStorage.length + localStorage.length")),
        0
      )
      yield* Effect.promise(() => page.getByRole("button", { name: "Deactivate store" }).click())
      yield* text(page, /becomes inactive until it is activated again/)
      assert.strictEqual(yield* Effect.promise(() => page.getByLabel("Token", { exact: true }).count()), 0)
      yield* Effect.promise(() => page.keyboard.press("Escape"))
      yield* Effect.promise(() => page.getByRole("dialog").waitFor({ state: "detached" }))
    }).pipe(Effect.provide(served(domains)), quiet)
  })

  it.live("shows nothing without the token where reading needs one, and keeps it for the tab when told to", () => {
    const { domains } = shop()
    return Effect.gen(function*() {
      yield* tick
      const { page } = yield* open(yield* browser, { bypassCSP: true })
      yield* goto(page)
      yield* text(page, "This program shows nothing without its token.")
      assert.deepStrictEqual(yield* violations(page), [])
      yield* Effect.promise(() => page.getByLabel("Token", { exact: true }).fill("not-the-token-at-all"))
      yield* Effect.promise(() => page.getByRole("button", { name: "Open" }).click())
      yield* text(page, "That is not the token.")
      yield* Effect.promise(() => page.getByLabel("Token", { exact: true }).fill(token))
      yield* Effect.promise(() => page.getByLabel("Keep it until this tab is closed").check())
      yield* Effect.promise(() => page.getByRole("button", { name: "Open" }).click())
      yield* headline(page, "All 4 domains are active.")
      yield* Effect.promise(() => page.reload())
      yield* headline(page, "All 4 domains are active.")
    }).pipe(Effect.provide(served(domains, { server: { host: "0.0.0.0" } })), quiet)
  })

  it.live("says that the server is gone, and shows the next run when it is back", () =>
    Effect.gen(function*() {
      const outer = yield* Effect.scope
      const start = Effect.fnUntraced(function*(port: number) {
        const scope = yield* Scope.fork(outer)
        const context = yield* Layer.buildWithScope(served(shop().domains, { server: { port } }), scope)
        return { context, close: Scope.close(scope, Exit.void) }
      })
      const first = yield* start(0)
      const { url } = Context.get(first.context, ControlServer)
      yield* Effect.provideContext(Effect.andThen(tick, awaitStates(allActive)), first.context)
      const { page } = yield* open(yield* browser, { bypassCSP: true })
      yield* Effect.promise(() => page.goto(url))
      yield* headline(page, "All 4 domains are active.")
      yield* first.close
      yield* Effect.promise(() => page.getByTestId("lost").filter({ hasText: "What you see was true at" }).waitFor())
      assert.deepStrictEqual(yield* violations(page), [])
      const second = yield* start(Number(new URL(url).port))
      yield* headline(page, "4 domains wait for the first tick.")
      assert.strictEqual(yield* Effect.promise(() => page.getByTestId("lost").count()), 0)
      yield* Effect.provideContext(tick, second.context)
      yield* headline(page, "All 4 domains are active.")
      yield* second.close
    }).pipe(quiet))

  it.live("stays fluid with 1,000 domains", () => {
    const all: Array<Domain.Any> = []
    for (let i = 0; i < 1000; i++) {
      all.push(Domain.make(`part-${i}`, {
        layer: Layer.empty,
        dependsOn: i < 100 ? [] : [all[i - 100]!],
        onTick: () => Effect.void
      }))
    }
    return Effect.gen(function*() {
      const { longTasks, page } = yield* open(yield* browser)
      const begun = performance.now()
      yield* goto(page)
      yield* headline(page, "1,000 domains wait for the first tick.")
      yield* Effect.promise(() => page.locator("a.row.domain").first().waitFor())
      const interactive = performance.now() - begun
      const loading = yield* longTasks
      yield* tick
      yield* headline(page, "All 1,000 domains are active.")
      yield* text(page, /opened 1,000 domains in 10 waves/)
      const activating = yield* longTasks
      const list = page.getByRole("region", { name: "List of domains" })
      yield* Effect.promise(() => list.scrollIntoViewIfNeeded())
      yield* Effect.promise(() => list.hover())
      // From end to end and back, with ticks coming in. The machine may have other work: the best of three passes counts.
      let scrolling = Infinity
      for (const [way, last] of [[800, "part-999"], [-800, "part-0"], [800, "part-999"]] as const) {
        yield* longTasks
        for (let turn = 0; turn < 50; turn++) {
          yield* Effect.promise(() => page.mouse.wheel(0, way))
          if (turn % 10 === 0) yield* TickGenerator.use((generator) => generator.emit)
        }
        yield* Effect.promise(() => list.locator(`a[data-domain=${last}]`).waitFor())
        scrolling = Math.min(scrolling, longest(yield* longTasks))
      }
      yield* DomainControl.use((control) => control.deactivate("part-0"))
      yield* headline(page, "990 of 1,000 domains active")
      const falling = yield* longTasks
      console.log(
        `1,000 domains: usable after ${Math.round(interactive)} ms; longest task in ms: loading ${longest(loading)}, ` +
          `activating ${longest(activating)}, scrolling ${scrolling}, ten falling ${longest(falling)}`
      )
      // A task that is long is seen as such.
      yield* Effect.promise(() =>
        page.evaluate("setTimeout(() => { for (const end = performance.now() + 150; performance.now() < end;); })")
      )
      assert.isAtLeast(longest(yield* longTasks), 150)
      assert.isBelow(interactive, 5000)
      assert.isBelow(scrolling, 200)
      // Of a thousand rows only those in sight are there.
      assert.isBelow(yield* Effect.promise(() => page.locator("a.row.domain").count()), 60)
    }).pipe(Effect.provide(served(all)), quiet)
  })

  it.live("can be used by everybody, in light and dark, on a desk and on a phone", () => {
    const { breakPump, domains } = shop()
    return Effect.gen(function*() {
      yield* tick
      yield* awaitStates(allActive)
      const chromium = yield* browser
      const folder = yield* Effect.promise(() => mkdtemp(join(tmpdir(), "thunderline-dashboard-")))
      yield* breakPump
      yield* awaitStates({ store: "restarting", cart: "waiting", till: "waiting" })
      for (const colorScheme of ["light", "dark"] as const) {
        for (const [device, width] of [["desk", 1280], ["phone", 360]] as const) {
          const { page } = yield* open(chromium, { colorScheme, viewport: { width, height: 800 }, bypassCSP: true })
          const picture = (name: string) =>
            Effect.promise(() =>
              page.screenshot({ path: join(folder, `${name}-${device}-${colorScheme}.png`), fullPage: true })
            )
          yield* goto(page)
          yield* headline(page, "1 of 4 domains active")
          yield* text(page, /opened 4 domains/)
          assert.deepStrictEqual(yield* violations(page), [])
          assert.isAtMost(yield* sideways(page), 0)
          yield* picture("overview")
          yield* goto(page, "#/domain/store")
          yield* text(page, /generation 1: Error: the pump broke/)
          assert.deepStrictEqual(yield* violations(page), [])
          assert.isAtMost(yield* sideways(page), 0)
          yield* picture("domain")
          yield* Effect.promise(() => page.getByRole("button", { name: "Restart store" }).click())
          yield* Effect.promise(() => page.getByRole("dialog").waitFor())
          assert.deepStrictEqual(yield* violations(page), [])
          yield* picture("dialog")
        }
      }
      console.log(`Pictures are in ${folder}`)
    }).pipe(Effect.provide(served(domains)), quiet)
  })

  it.live("can be used with the keyboard alone", () => {
    const { domains } = shop()
    return Effect.gen(function*() {
      const { page } = yield* shown({ reducedMotion: "reduce" })
      const focused = Effect.promise(() =>
        page.evaluate<string>("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent")
      )
      const press = (key: string) => Effect.promise(() => page.keyboard.press(key))
      const reach = Effect.fnUntraced(function*(wanted: string) {
        for (let turn = 0; turn < 60; turn++) {
          yield* press("Tab")
          if ((yield* focused).trim().startsWith(wanted)) return
        }
        return yield* Effect.die(new Error(`${wanted} cannot be reached with the keyboard`))
      })
      yield* press("Tab")
      assert.include(yield* focused, "Skip to content")
      yield* reach("lamp")
      yield* press("Enter")
      yield* Effect.promise(() => page.getByRole("heading", { level: 1, name: /^lamp/ }).waitFor())
      assert.match(yield* focused, /^lamp/)
      yield* reach("Restart lamp")
      yield* press("Enter")
      yield* Effect.promise(() => page.getByRole("dialog").waitFor())
      yield* Effect.promise(() => page.keyboard.type(token))
      yield* press("Enter")
      yield* text(page, /Accepted: lamp is/)
      yield* press("Enter")
      yield* Effect.promise(() => page.getByRole("dialog").waitFor({ state: "detached" }))
      assert.strictEqual(yield* focused, "Restart lamp")
      yield* text(page, /Generation 2 became active/)
    }).pipe(Effect.provide(served(domains)), quiet)
  })
})
