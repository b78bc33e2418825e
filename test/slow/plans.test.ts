import { assert, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { SqlClient } from "effect/sql/SqlClient"
import * as Statement from "effect/sql/Statement"
import { type EventQuery, Repo } from "../../src/trail/Repo.ts"
import * as Database from "../support/Database.ts"

/** Ten days of a busy program, a transition every 864 ms: a hundred domains, ten runs, a hundred thousand ticks. */
const total = 1_000_000
const stepMs = 864
const start = Date.UTC(2026, 0, 1)
const at = (n: number) => DateTime.makeUnsafe(start + n * stepMs)
const runId = (n: number) => `019b7600-0000-7000-8000-00000000000${n}`

const load = Effect.gen(function*() {
  const sql = yield* SqlClient
  const repo = yield* Repo
  yield* repo.runs(1)
  const event = sql(`${yield* Database.TestSchema}.domain_event`)
  // Ids as the program makes them: 48 bits of time, then what is random.
  yield* sql`
    insert into ${event}
    select
      (lpad(to_hex(${start}::text::bigint + n * ${stepMs}), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' ||
        substr(md5(n::text), 4, 15))::uuid,
      ('019b7600-0000-7000-8000-00000000000' || n / 100000)::uuid, 'node', 'domain-' || n % 100, 1, 1, n / 10, null,
      'activating', (array['active', 'crashed', 'restarting', 'activating'])[n / 100 % 4 + 1], 'activated', null, 1, '{}',
      null, null, to_timestamp((${start}::text::bigint + n * ${stepMs}) / 1000.0)
    from generate_series(0, ${total - 1}) as n`
  yield* sql`vacuum analyze ${event}`
})

/** Every shape of a question that the command line, the API and the analysis ask, alone and together. */
const queries: Readonly<Record<string, EventQuery>> = {
  "all, newest first": {},
  "all, oldest first": { order: "oldest" },
  "a domain": { domain: "domain-42" },
  "a domain, oldest first": { domain: "domain-42", order: "oldest" },
  "a domain that is not there": { domain: "nobody" },
  "a status": { status: "crashed" },
  "a status that is not there": { status: "deactivating" },
  "a run in order": { runId: runId(3), order: "oldest" },
  "a run that is not there": { runId: "019b7600-0000-7000-8000-000000000099" },
  "a tick": { fromTick: 4_711, toTick: 4_712 },
  "from a tick of a run": { runId: runId(4), fromTick: 47_110, order: "oldest" },
  "the last hour": { since: at(total - 4_167) },
  "an hour long ago": { since: at(100_000), until: at(104_167) },
  "before a day": { until: at(200_000) },
  "from a day, oldest first": { since: at(800_000), order: "oldest" },
  "a domain in an hour long ago": { domain: "domain-42", since: at(100_000), until: at(104_167) },
  "a domain's crashes": { domain: "domain-42", status: "crashed" },
  "a domain's crashes since yesterday": { domain: "domain-42", status: "crashed", since: at(900_000) },
  "a domain at a tick": { domain: "domain-42", fromTick: 4_711, toTick: 4_720 },
  "a run's crashes": { runId: runId(9), status: "crashed" }
}

interface Plan {
  readonly "Node Type": string
  readonly "Actual Rows": number
  readonly "Actual Loops": number
  readonly "Rows Removed by Filter"?: number
  readonly Plans?: ReadonlyArray<Plan>
}
const nodes = (plan: Plan): ReadonlyArray<Plan> => [plan, ...(plan.Plans ?? []).flatMap(nodes)]

/** The plans of the statements that an effect runs, each made twice: as it is, and explained. */
const explained = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const plans: Array<{ readonly plan: Plan; readonly ms: number }> = []
    yield* effect.pipe(
      Effect.provideService(Statement.CurrentTransformer, (statement, sql) =>
        Effect.gen(function*() {
          const [text, parameters] = statement.compile()
          const [row] = yield* sql.unsafe<any>(`explain (analyze, format json) ${text}`, parameters).pipe(
            Effect.provideService(Statement.CurrentTransformer, undefined)
          )
          const [explanation] = row["QUERY PLAN"]
          plans.push({ plan: explanation.Plan, ms: explanation["Execution Time"] })
          return statement
        }).pipe(Effect.orDie))
    )
    return plans
  })

it.layer(Database.layerRepo.pipe(Layer.provideMerge(Database.layerServer)), {
  excludeTestServices: true,
  timeout: "120 seconds"
})("At a million transitions", (it) => {
  it.effect("every question is an index scan that reads about as much as it gives", () =>
    Effect.gen(function*() {
      yield* load
      const repo = yield* Repo
      const bad: Array<string> = []
      for (const [name, query] of Object.entries(queries)) {
        const first = yield* repo.events(query)
        const cursor = Option.getOrUndefined(first.next)
        for (const page of cursor === undefined ? [query] : [query, { ...query, cursor }]) {
          const [{ ms, plan }] = (yield* explained(repo.events(page))) as [{ plan: Plan; ms: number }]
          const used = nodes(plan)
          const read = used.reduce(
            (sum, node) => sum + (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"],
            0
          )
          const types = used.map((node) => node["Node Type"]).join(" < ")
          console.info(`${name}${page === query ? "" : ", next page"}: ${ms} ms, ${read} rows, ${types}`)
          if (types.includes("Seq Scan") || read > (name.startsWith("from a tick") ? 100_000 : 10_000)) bad.push(name)
        }
      }
      assert.deepStrictEqual(bad, [])
    }))
})
