import * as Effect from "effect/Effect"
import { Agent, request } from "node:http"
import { createServer } from "node:net"

/** What a client got: the status and the body, or the code of the error of the connection. */
export interface Answer {
  /** Milliseconds on the monotonic clock. */
  readonly sent: number
  readonly at: number
  readonly status: number
  readonly body: string
  readonly error: string | undefined
  readonly closes: boolean
}

/** Asks once. */
export const ask = (port: number, path: string, agent?: Agent): Promise<Answer> =>
  new Promise((resolve) => {
    const sent = performance.now()
    const done = (status: number, body: string, error: string | undefined, closes = false) =>
      resolve({ sent, at: performance.now(), status, body, error, closes })
    const asked = request({ host: "127.0.0.1", port, path, agent }, (response) => {
      let body = ""
      response.setEncoding("utf8")
      response.on("data", (chunk) => body += chunk)
      response.on("end", () => done(response.statusCode!, body, undefined, response.headers.connection === "close"))
      response.on("error", (error: NodeJS.ErrnoException) => done(response.statusCode!, body, error.code ?? "cut"))
    })
    asked.on("error", (error: NodeJS.ErrnoException) => done(0, "", error.code ?? String(error)))
    asked.end()
  })

/** Clients that ask one request after the other over connections that they keep, until the scope closes. */
export const load = (port: number, path: string, clients = 8) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const agent = new Agent({ keepAlive: true, maxSockets: clients })
      const ended = new AbortController()
      const answers: Array<Answer> = []
      const client = async () => {
        while (!ended.signal.aborted) {
          const answer = await ask(port, path, agent)
          answers.push(answer)
          // A refused connection fails at once.
          if (answer.error !== undefined) await new Promise((resolve) => setTimeout(resolve, 5))
        }
      }
      const all = Promise.all(Array.from({ length: clients }, client))
      return { answers, end: () => (ended.abort(), all.finally(() => agent.destroy())) }
    }),
    ({ end }) => Effect.promise(end)
  )

/** The longest time in milliseconds without an answer that fulfils a condition. */
export const longestGap = (answers: ReadonlyArray<Answer>, good: (answer: Answer) => boolean): number => {
  const times = answers.filter(good).map(({ at }) => at).sort((a, b) => a - b)
  return times.reduce((gap, at, i) => i === 0 ? 0 : Math.max(gap, at - times[i - 1]!), 0)
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false)).listen(port, () =>
      server.close(() => resolve(true)))
  })

/** A port that is free, and so is the next one; below those that the system gives to connections of other tests. */
export const freePort: Effect.Effect<number> = Effect.promise(async () => {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    if (await isFree(port) && await isFree(port + 1)) return port
  }
})
