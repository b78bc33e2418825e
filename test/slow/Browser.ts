import * as Effect from "effect/Effect"
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"

/** Debian's browser. */
const executablePath = "/usr/bin/chromium"

/** Why there is no browser to test with; `undefined` when there is one. */
export const absent: string | undefined = existsSync(executablePath)
  ? undefined
  : `${executablePath} is not there: install the packages of test/slow/apt-packages`

const args = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

/** A browser for the life of the scope. */
export const browser = Effect.acquireRelease(
  Effect.promise(() => chromium.launch({ executablePath, args })),
  (browser) => Effect.promise(() => browser.close())
)

const watchTasks = {
  content: `
  globalThis.tasks = []
  const observer = new PerformanceObserver((list) => keep(list.getEntries()))
  const keep = (entries) => tasks.push(...entries.map(({ duration }) => duration))
  observer.observe({ type: "longtask" })
  // A task is known as long only after it has ended.
  globalThis.longTasks = async () => {
    await new Promise((resolve) => setTimeout(resolve, 100))
    keep(observer.takeRecords())
    return tasks.splice(0)
  }
`
}

/** A page, and what went wrong in it. */
export interface Opened {
  readonly page: Page
  /** What the page's console complained of, failed requests and violations of its policy included. */
  readonly complaints: ReadonlyArray<string>
  /** How long the page's long tasks have taken since it was asked last, in milliseconds. */
  readonly longTasks: Effect.Effect<ReadonlyArray<number>>
}

/** A page in a profile of its own, for the life of the scope. */
export const open = Effect.fnUntraced(function*(browser: Browser, options: BrowserContextOptions = {}) {
  const context = yield* Effect.acquireRelease(
    Effect.promise(() => browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })),
    (context) => Effect.promise(() => context.close())
  )
  const page = yield* Effect.promise(() => context.newPage())
  page.setDefaultTimeout(20_000)
  const complaints: Array<string> = []
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(error.message))
  yield* Effect.promise(() => page.addInitScript(watchTasks))
  const longTasks = Effect.promise(() => page.evaluate<Array<number>>("longTasks()"))
  return { page, complaints, longTasks } satisfies Opened
})

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

/** What of the page as it stands a person who reads, hears or moves otherwise could not use. */
export const violations = (page: Page): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(async () => {
    await page.evaluate(axe)
    const { violations } = await page.evaluate<
      { readonly violations: ReadonlyArray<{ readonly id: string; readonly nodes: ReadonlyArray<{ html: string }> }> }
    >("axe.run(document, { resultTypes: ['violations'] })")
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`)
  })
