import { assert, describe, it } from "@effect/vitest"
import packageJson from "../package.json" with { type: "json" }

/** What each entry of the package exports by name. An addition is deliberate: it is documented, and it stays. */
const surface: Readonly<Record<string, ReadonlyArray<string>>> = {
  ".": [
    "Admission",
    "App",
    "BootAnalysis",
    "CurrentRun",
    "Domain",
    "DomainControl",
    "DomainEvent",
    "DomainGraph",
    "DomainHandle",
    "DomainHealth",
    "DomainRegistry",
    "DomainStatus",
    "DomainStory",
    "Escalation",
    "Exporter",
    "Health",
    "MemoryRepo",
    "Outbox",
    "RecordedBoot",
    "Repo",
    "RepoWriter",
    "RunLease",
    "SystemPubSub",
    "Thunderline",
    "Tick",
    "TickDispatcher",
    "TickGenerator",
    "TrailStatus"
  ],
  "./testing": ["EventLog", "Fault", "RepoContract", "Simulation", "TickGeneratorContract", "Ticks"],
  "./postgres": ["Postgres"],
  "./control": [
    "Api",
    "Client",
    "ControlServer",
    "EventFollower",
    "NodeMetrics",
    "ProgramFeed",
    "ProgramView",
    "SystemdNotify"
  ],
  "./otel": ["Otel"],
  "./otlp": ["Otlp"],
  "./domains": [
    "Blackboard",
    "Cerebros",
    "CerebrosDomain",
    "EventBuffer",
    "Gate",
    "Grid",
    "Job",
    "Lanes",
    "Policy",
    "PolicyRule",
    "Thunderbolt",
    "Thundercrown",
    "Thunderflow",
    "Thundergate",
    "Thundergrid",
    "domains",
    "domainsWith"
  ]
}

describe("the package's entries", () => {
  it("are those that are listed here, besides the manifest", () => {
    assert.deepStrictEqual(Object.keys(packageJson.exports), [...Object.keys(surface), "./package.json"])
  })

  it.each(Object.entries(surface))("thunderline %s exports what it is meant to", async (entry, names) => {
    const module: object = await import(`thunderline${entry.slice(1)}`)
    assert.deepStrictEqual(Object.keys(module).sort(), [...names])
  })
})
