import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Model from "../../../src/cli/watch/Model.ts"
import type { Stats } from "../../../src/control/Api.ts"
import type { DomainInfo } from "../../../src/control/DomainInfo.ts"
import { News } from "../../../src/control/ProgramView.ts"
import type { DomainEvent } from "../../../src/model/DomainEvent.ts"
import { event, tick } from "../../support/values.ts"

/** The local clock of these tests; the program's runs 5 s ahead of it. */
export const now = 1_000_000

const at = (ms: number) => DateTime.makeUnsafe(ms)

/** A domain by its name, waiting and with nothing special about it. */
export const domain = (name: string, fields?: Partial<DomainInfo>): DomainInfo => ({
  name,
  status: "waiting",
  since: at(now - 60_000),
  generation: 0,
  activatedAt: null,
  activationTick: 1,
  lastTick: 0,
  opening: null,
  dependsOn: [],
  after: [],
  criticality: "required",
  health: null,
  blockedBy: [],
  cause: null,
  restart: null,
  ...fields
})

const active = (name: string, fields?: Partial<DomainInfo>) =>
  domain(name, { status: "active", generation: 1, lastTick: 65, opening: { tick: 1, wave: 0 }, ...fields })

/** One domain of each kind. */
export const domains: ReadonlyArray<DomainInfo> = [
  active("config"),
  active("database", { dependsOn: ["config"], health: "healthy" }),
  active("cache", { dependsOn: ["config"], health: "suspect" }),
  domain("flaky", {
    status: "restarting",
    generation: 3,
    lastTick: 60,
    dependsOn: ["cache"],
    cause: "Error: lost its socket\n    at connect (socket.ts:12:3)",
    restart: { attempt: 3, delayMs: 800, at: at(now + 5_400) }
  }),
  domain("broken", { status: "crashed", generation: 6, cause: "Error: \u001b[31mno such file\u001b[0m: /etc/x" }),
  domain("needy", { dependsOn: ["broken"], blockedBy: ["broken"] }),
  domain("late", { activationTick: 100, dependsOn: ["flaky"] }),
  domain("next", { dependsOn: ["flaky"], after: ["database"] }),
  domain("retired", { status: "inactive", generation: 1 })
]

export const stats: Stats = {
  run: {
    runId: "01a20102-aaaa-7bbb-8ccc-0123456789ab",
    node: "here",
    app: "shop",
    version: "1.2.3",
    startedAt: at(now - 3_600_000)
  },
  heartbeat: {
    tickCount: 65,
    slot: 67,
    epoch: 1,
    interval: 1_000,
    uptime: 3_600_000,
    startedAt: at(now - 3_600_000),
    lastTickAt: at(now),
    lateness: { p50: 0.4, p99: 12, max: 31 },
    skipped: 2
  },
  domains: {
    total: 9,
    byStatus: { waiting: 3, activating: 0, active: 3, deactivating: 0, inactive: 1, crashed: 1, restarting: 1 }
  },
  trail: {
    backend: "postgresql",
    durable: true,
    status: "ok",
    since: null,
    detail: null,
    backlog: 0,
    written: 1234,
    dropped: 0
  },
  telemetry: { collector: null },
  followers: 1,
  now: at(now + 5_000)
}

const transitions: ReadonlyArray<Partial<DomainEvent>> = [
  { domain: "config", from: "waiting", to: "activating", reason: "tick", durationMs: null, occurredAt: at(940_000) },
  { domain: "config", occurredAt: at(940_020), durationMs: 20 },
  {
    domain: "database",
    from: "waiting",
    to: "activating",
    reason: "dependency",
    wave: 1,
    durationMs: null,
    occurredAt: at(940_021)
  },
  {
    domain: "cache",
    from: "waiting",
    to: "activating",
    reason: "dependency",
    wave: 1,
    durationMs: null,
    occurredAt: at(940_022)
  },
  { domain: "broken", from: "waiting", to: "activating", reason: "tick", durationMs: null, occurredAt: at(940_022) },
  {
    domain: "broken",
    from: "activating",
    to: "crashed",
    reason: "failure",
    cause: "Error: no such file",
    durationMs: 1,
    occurredAt: at(940_030)
  },
  { domain: "cache", occurredAt: at(940_060), wave: 1, durationMs: 38 },
  { domain: "database", occurredAt: at(940_100), wave: 1, durationMs: 79 },
  {
    domain: "flaky",
    from: "active",
    to: "crashed",
    reason: "failure",
    cause: "Error: lost its socket",
    wave: null,
    durationMs: null,
    metadata: { worker: "drain" },
    occurredAt: at(999_000)
  },
  {
    domain: "flaky",
    from: "crashed",
    to: "restarting",
    reason: "backoff",
    wave: null,
    durationMs: null,
    metadata: { attempt: 3 },
    occurredAt: at(999_000)
  }
]

/** The transitions that led there, the oldest first. */
export const events: ReadonlyArray<DomainEvent> = transitions.map((fields, i) =>
  event(i + 1, { runId: stats.run.runId, tick: i < 8 ? 1 : 64, ...fields })
)

const beats = [0.2, 0.4, 30, 3, 0.4, 12, 0.2]

const { run, heartbeat } = stats

/** A program that has been watched for some ticks. */
export const watched: Model.Model = [
  News.Heard({ events: [{ event: "hello", data: { ...run, tick: heartbeat.tickCount } }] }),
  News.Stats({ stats }),
  News.Past({ events: events.toReversed(), older: null }),
  News.Domains({ domains }),
  News.Heard({
    events: beats.map((lateness, i) => ({
      event: "tick",
      data: tick(59 + i, { lateness: Duration.millis(lateness) })
    }))
  })
].reduce((model, news) => Model.update(model, news, now), Model.make("http://127.0.0.1:4747"))
