import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { domains, domainsWith } from "../../src/domains/SixDomains.ts"
import * as DomainStory from "../../src/insight/DomainStory.ts"
import * as Domain from "../../src/model/Domain.ts"
import * as EventLog from "../../src/testing/EventLog.ts"
import type { Fault } from "../../src/testing/Fault.ts"
import * as Simulation from "../../src/testing/Simulation.ts"
import * as MemoryRepo from "../../src/trail/MemoryRepo.ts"
import { RepoWriter } from "../../src/trail/RepoWriter.ts"
import * as LogLines from "../support/LogLines.ts"

const names = domains.map(({ name }) => name)

/** The story of a domain from the transitions of a simulation. */
const storyOf = (report: Simulation.Report, domain: string) =>
  Effect.gen(function*() {
    yield* RepoWriter.use((writer) => writer.record(report.events))
    return yield* DomainStory.read(domain)
  }).pipe(Effect.provide(MemoryRepo.layer))

describe("the six domains, when a worker of thunderbolt is killed", () => {
  const faults: ReadonlyArray<Fault> = [{ _tag: "KillWorker", domain: "thunderbolt", generation: 1, ms: 3200 }]

  it.effect("cerebros and thundercrown leave before it and come back after it, the others never notice", () =>
    Effect.gen(function*() {
      const report = yield* Simulation.run({ domains, script: { faults }, ticks: 12 })
      const before = report.events.findIndex((event) => event.from === "active")
      const after = report.events.findIndex((event) => event.reason === "shutdown")
      const during = report.events.slice(before, after)
      assert.deepStrictEqual(EventLog.transitions(during), [
        "thundercrown: active -> deactivating",
        "cerebros: active -> deactivating",
        "thunderbolt: active -> crashed",
        "thunderbolt: crashed -> restarting",
        "thundercrown: deactivating -> waiting",
        "cerebros: deactivating -> waiting",
        "thunderbolt: restarting -> activating",
        "thunderbolt: activating -> active",
        "cerebros: waiting -> activating",
        "cerebros: activating -> active",
        "thundercrown: waiting -> activating",
        "thundercrown: activating -> active"
      ])
      assert.deepStrictEqual(new Set(during.map(({ tick }) => tick)), new Set([4]))
      assert.deepStrictEqual(
        report.domains.map(({ generation, name, status }) => [name, status._tag, generation]),
        names.map((name) => [name, "active", ["thunderbolt", "cerebros", "thundercrown"].includes(name) ? 2 : 1])
      )
    }))

  it.effect("the log tells it in order, with the tick numbers of the trail", () =>
    Effect.gen(function*() {
      yield* Simulation.run({ domains, script: { faults }, ticks: 12 })
      const { lines } = yield* LogLines.LogLines
      const crash = lines.findIndex(({ text }) => text === "[Thunderbolt] Crashed (failure)")
      const end = lines.findIndex(({ annotations, text }) =>
        text.endsWith("Deactivating") && annotations["tick"] === 12
      )
      const told = lines.slice(crash, end)
      assert.deepStrictEqual(told.map(({ text }) => text.replace(/in \d+.*/, "in …")), [
        "[Thunderbolt] Crashed (failure)",
        "[Thundercrown] Deactivating, thunderbolt is going down",
        "[Cerebros] Deactivating, thunderbolt is going down",
        "[Thunderbolt] Restart 1 in …",
        "[DomainRegistry] Domain deactivated: thundercrown",
        "[DomainRegistry] Domain deactivated: cerebros",
        "[Thunderbolt] Activating at tick 4",
        "[DomainRegistry] Domain activated: thunderbolt",
        "[Cerebros] Activating at tick 4",
        "[DomainRegistry] Domain activated: cerebros",
        "[Thundercrown] Activating at tick 4",
        "[DomainRegistry] Domain activated: thundercrown"
      ])
      assert.deepStrictEqual(new Set(told.map(({ annotations }) => annotations["tick"])), new Set([4]))
    }).pipe(Effect.provide(LogLines.layer)))

  it.effect("its story names the worker and who went down with it, theirs who took them down", () =>
    Effect.gen(function*() {
      const report = yield* Simulation.run({ domains, script: { faults }, ticks: 12 })
      const { crashes, restarts, takenDown } = yield* storyOf(report, "thunderbolt")
      assert.strictEqual(restarts, 1)
      const [crash] = crashes
      assert.deepStrictEqual(crash!.event.metadata, { worker: "fault" })
      assert.deepStrictEqual(crash!.tookDown, ["thundercrown", "cerebros"])
      assert.strictEqual(crash!.restart!.attempt, 1)
      assert.deepStrictEqual(takenDown.map(({ by, event }) => [by, event.reason]), [[null, "shutdown"]])
      const other = yield* storyOf(report, "cerebros")
      assert.deepStrictEqual(other.crashes, [])
      assert.deepStrictEqual(other.takenDown.map(({ by }) => by), ["thunderbolt", null])
    }))
})

describe("a domain whose activation always fails", () => {
  const script = { faults: [{ _tag: "FailActivation", domain: "thundergrid" }] as const }
  const statusesOf = (report: Simulation.Report) => report.domains.map(({ name, status }) => [name, status._tag])
  const others = (status: string) => names.map((name) => [name, name === "thundergrid" ? status : "active"])

  it.effect("restarts without end by default, the program goes on, and its story tells every attempt", () =>
    Effect.gen(function*() {
      const report = yield* Simulation.run({ domains, script, ticks: 600 })
      assert.deepStrictEqual(statusesOf(report), others("restarting"))
      assert.strictEqual(report.heartbeat.tickCount, 600)
      const story = yield* storyOf(report, "thundergrid")
      const attempts = story.crashes.map(({ restart }) => restart?.attempt)
      assert.deepStrictEqual(attempts, Array.from(attempts, (_, i) => i + 1))
      // 51 s of growing delays, then one restart in at most 36 s.
      assert.isAtLeast(attempts.length, 8 + Math.floor((600 - 61) / 36))
      const delays = story.crashes.flatMap(({ restart }) => restart === null ? [] : [restart.delayMs])
      assert.isTrue(delays.every((ms, i) => i === 0 || i > 7 || ms > delays[i - 1]!), delays.join(", "))
      assert.isTrue(delays.every((ms) => ms <= 36_000), delays.join(", "))
      story.crashes.forEach(({ event }, i) => {
        assert.include(event.cause!, `FailActivation was injected into generation ${i + 1} of thundergrid`)
      })
    }))

  it.effect("ends crashed where a limit is set, and its story tells the last failure too", () =>
    Effect.gen(function*() {
      const limited = domains.map((domain) =>
        domain.name === "thundergrid"
          ? Domain.derive(domain, { restart: Domain.restartPolicy({ limit: 5 }) })
          : domain
      )
      const report = yield* Simulation.run({ domains: limited, script, ticks: 60 })
      assert.deepStrictEqual(statusesOf(report), others("crashed"))
      const story = yield* storyOf(report, "thundergrid")
      assert.include(story, { status: "crashed", generation: 6, restarts: 5, more: false })
      assert.deepStrictEqual(story.crashes.map(({ restart }) => restart?.attempt), [1, 2, 3, 4, 5, undefined])
    }))

  it.effect("an unknown name is answered with those that are known", () =>
    Effect.gen(function*() {
      const report = yield* Simulation.run({ domains, ticks: 1 })
      const error = yield* Effect.flip(storyOf(report, "thunderbol"))
      assert.strictEqual(error._tag, "DomainNotRecorded")
      assert.strictEqual(
        error.message,
        `The trail knows no domain "thunderbol"; it knows: ${names.toSorted().join(", ")}`
      )
    }))
})

describe("thundercrown", () => {
  /** Answers its ticks in 20 to 24 ms and, from a tick on, ten times slower. */
  const patient = (slowFrom: number) =>
    Domain.make("patient", {
      layer: Layer.empty,
      onTick: ({ count }) => Effect.sleep((20 + count % 5) * (count >= slowFrom ? 10 : 1))
    })

  const restarts = (report: Simulation.Report) =>
    report.events.filter(({ from, reason }) => from === "active" && reason === "operator").map(({ domain, tick }) => ({
      domain,
      tick
    }))

  const live = (mode: "act" | "dry-run", ticks: number) =>
    Simulation.run({ domains: [...domainsWith({ policy: { mode } }), patient(200)], ticks })

  it.effect("restarts a domain that has become 10 times slower, once, and leaves it alone for its cool-down", () =>
    Effect.gen(function*() {
      const all = restarts(yield* live("act", 290))
      assert.deepStrictEqual(all.map(({ domain }) => domain), ["patient", "patient"])
      const [first, second] = all.map(({ tick }) => tick)
      assert.isAtLeast(first!, 200)
      assert.isAtMost(first!, 222)
      assert.strictEqual(second! - first!, 60)
    }))

  it.effect("only says so when it is set to a dry run", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(restarts(yield* live("dry-run", 255)), [])
      const { lines } = yield* LogLines.LogLines
      const decisions = lines.filter(({ text }) => text.startsWith("[Thundercrown] restart"))
      assert.deepStrictEqual(decisions.map(({ text }) => text), ["[Thundercrown] restart patient: dry-run"])
    }).pipe(Effect.provide(LogLines.layer)))
})
