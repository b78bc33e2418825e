import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Domain from "../../src/model/Domain.ts"
import * as DomainGraph from "../../src/model/DomainGraph.ts"
import { acyclic, domainsOf, int, type Planned } from "../support/arbitraries.ts"

const domain = (name: string, options?: Partial<Parameters<typeof Domain.make>[1]>): Domain.Any =>
  Domain.make(name, { layer: Layer.empty, ...options })

const errorOf = (...domains: ReadonlyArray<Domain.Any>) => Effect.flip(DomainGraph.make(domains))

/** Domains that wait for each other in a ring: each for the next, the last for the first. */
const ring = (names: ReadonlyArray<string>, kinds: ReadonlyArray<"dependsOn" | "after">): ReadonlyArray<Domain.Any> => {
  const edges = names.map(() => new Array<Domain.Any>())
  const domains = names.map((name, i) => domain(name, { [kinds[i % kinds.length]!]: edges[i]! }))
  for (const [i, edge] of edges.entries()) edge.push(domains[(i + 1) % domains.length]!)
  return domains
}

const planned = (plan: ReadonlyArray<Planned>) =>
  domainsOf(
    plan,
    ({ activationTick, name }, dependsOn, after): Domain.Any => domain(name, { activationTick, dependsOn, after })
  )

/** A path closes, and each of its steps is one that the domain before it waits for. */
const isCycle = (domains: ReadonlyArray<Domain.Any>, path: ReadonlyArray<string>): boolean =>
  path.length > 1 && path[0] === path.at(-1) && new Set(path.slice(1)).size === path.length - 1 &&
  path.slice(1).every((name, i) => {
    const waiting = domains.find((one) => one.name === path[i])!
    return [...waiting.dependsOn, ...waiting.after].some((other) => other.name === name)
  })

describe("DomainGraph", () => {
  it.effect("ties domains to their neighbours, both ways, once each, in the order given", () =>
    Effect.gen(function*() {
      const a = domain("a")
      const b = domain("b", { dependsOn: [a, a], after: [a] })
      const c = domain("c", { dependsOn: [b], after: [a] })
      const nodes = yield* DomainGraph.make([c, a, b])
      assert.deepStrictEqual(
        nodes.map((node) => ({
          name: node.domain.name,
          dependsOn: node.dependsOn.map((other) => other.domain.name),
          awaits: node.awaits.map((other) => other.domain.name),
          dependants: node.dependants.map((other) => other.domain.name),
          followers: node.followers.map((other) => other.domain.name)
        })),
        [
          { name: "c", dependsOn: ["b"], awaits: ["b", "a"], dependants: [], followers: [] },
          { name: "a", dependsOn: [], awaits: [], dependants: ["b"], followers: ["c", "b"] },
          { name: "b", dependsOn: ["a"], awaits: ["a"], dependants: ["c"], followers: ["c"] }
        ]
      )
    }))

  it.effect("takes an application without domains", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* DomainGraph.make([]), [])
    }))

  for (const [length, path] of [[1, "a -> a"], [2, "a -> b -> a"], [5, "a -> b -> c -> d -> e -> a"]] as const) {
    for (const kinds of [["dependsOn"], ["after"], ["dependsOn", "after"]] as const) {
      it.effect(`prints a cycle of ${length} through ${kinds.join(" and ")} as a path`, () =>
        Effect.gen(function*() {
          const domains = ring(["a", "b", "c", "d", "e"].slice(0, length), kinds)
          const error = yield* errorOf(domain("z"), ...domains, domain("y", { dependsOn: [domains[0]!] }))
          assert.isTrue(error._tag === "DependencyCycle", error.message)
          if (error._tag !== "DependencyCycle") return
          const start = error.path.indexOf("a")
          const turned = [...error.path.slice(start, -1), ...error.path.slice(0, start), "a"]
          assert.strictEqual(turned.join(" -> "), path)
          assert.strictEqual(error.message, `Domains wait for each other: ${error.path.join(" -> ")}`)
          assert.isTrue(isCycle(domains, error.path), error.message)
        }))
    }
  }

  it.effect("refuses two domains of one name", () =>
    Effect.gen(function*() {
      const error = yield* errorOf(domain("a"), domain("b"), domain("a"))
      assert.strictEqual(error._tag, "DuplicateDomain")
      assert.strictEqual(error.message, "There are two domains named a")
    }))

  it.effect("refuses one domain given twice", () =>
    Effect.gen(function*() {
      const a = domain("a")
      assert.strictEqual((yield* errorOf(a, a))._tag, "DuplicateDomain")
    }))

  it.effect.each(["dependsOn", "after"] as const)(
    "refuses a domain in %s that is not in domains",
    (kind) =>
      Effect.gen(function*() {
        const error = yield* errorOf(domain("a", { [kind]: [domain("ghost")] }), domain("b"))
        assert.strictEqual(error._tag, "UnknownDependency")
        assert.strictEqual(error.message, `Domain a names ghost in ${kind}, which is not in domains (a, b)`)
      })
  )

  it.effect("refuses a dependency that is another domain of the same name", () =>
    Effect.gen(function*() {
      const error = yield* errorOf(domain("flow"), domain("bolt", { dependsOn: [domain("flow")] }))
      assert.strictEqual(error._tag, "UnknownDependency")
      assert.strictEqual(
        error.message,
        "Domain bolt names flow in dependsOn, that is another one than the flow in domains"
      )
    }))

  it.effect.each(["", "A", "aB", "1a", "-a", "_a", "a b", "a.b", "ä", "a\n", "a".repeat(64)])(
    "refuses %j as a name",
    (name) =>
      Effect.gen(function*() {
        const error = yield* errorOf(domain(name))
        assert.strictEqual(error._tag, "InvalidDomainName")
        assert.strictEqual(
          error.message,
          `"${name}" is no name for a domain: a lower-case letter, then lower-case letters, digits, _ or -, ` +
            "1 to 63 characters together"
        )
      })
  )

  it.effect.each(["a", "z9", "a_b-c", "a".repeat(63)])("takes %j as a name", (name) =>
    Effect.gen(function*() {
      assert.lengthOf(yield* DomainGraph.make([domain(name)]), 1)
    }))

  const whole = "a whole number from 1"
  it.effect.each(
    [
      { options: { activationTick: 0 }, message: `activationTick is 0, it must be ${whole}` },
      { options: { activationTick: 1.5 }, message: `activationTick is 1.5, it must be ${whole}` },
      { options: { activationTick: Infinity }, message: `activationTick is Infinity, it must be ${whole}` },
      { options: { maxMissedTicks: 0 }, message: `maxMissedTicks is 0, it must be ${whole}` },
      { options: { maxMissedTicks: NaN }, message: `maxMissedTicks is NaN, it must be ${whole}` },
      { options: { activationTimeout: 0 }, message: "activationTimeout is 0, it must be longer than nothing" },
      { options: { shutdownTimeout: "-1 seconds" }, message: "shutdownTimeout is -1s, it must be longer than nothing" },
      {
        options: { restart: Domain.restartPolicy({ limit: -1 }) },
        message: "restart.limit is -1, it must be a whole number from 0"
      },
      {
        options: { restart: Domain.restartPolicy({ limit: 0.5 }) },
        message: "restart.limit is 0.5, it must be a whole number from 0"
      },
      {
        options: { restart: Domain.restartPolicy({ within: 0 }) },
        message: "restart.within is 0, it must be longer than nothing"
      }
    ] as const
  )("refuses an option out of range: $message", ({ message, options }) =>
    Effect.gen(function*() {
      const error = yield* errorOf(domain("a", options))
      assert.strictEqual(error._tag, "InvalidDomainOption")
      assert.strictEqual(error.message, `Domain a: ${message}`)
    }))

  const unprintable = {
    toString: () => {
      throw new Error("no luck")
    }
  }
  const refusedPolicies = [
    ["limit is NaN, it must be a whole number from 0", { limit: NaN }],
    ["limit is -Infinity, it must be a whole number from 0", { limit: -Infinity }],
    ["limit is 3, it must be a whole number from 0", { limit: "3" }],
    ["limit is an object, it must be a whole number from 0", { limit: {} }],
    ["within is NaN, it must be longer than nothing", { within: NaN }],
    ["within is -1 seconds, it must be longer than nothing", { within: "-1 seconds" }],
    ["within is -Infinity, it must be longer than nothing", { within: -Infinity }],
    ["within is -1s, it must be longer than nothing", { within: Duration.seconds(-1) }],
    ["within is soon, it must be longer than nothing", { within: "soon" }],
    ["within is 0, it must be longer than nothing", { within: {} }],
    ["within is a function, it must be longer than nothing", { within: () => 5 }],
    ["while is false, it must be a function", { while: false }],
    ["while is an object, it must be a function", { while: {} }],
    ["schedule is 1 second, it must be a Schedule", { schedule: "1 second" }],
    ["schedule is an object, it must be a Schedule", { schedule: unprintable }]
  ] as const
  it.effect.each(refusedPolicies)(
    "refuses a restart policy, when the application starts, in which %s",
    ([message, options]) =>
      Effect.gen(function*() {
        const restart = Domain.restartPolicy(options as Parameters<typeof Domain.restartPolicy>[0])
        const error = yield* errorOf(domain("a", { restart }))
        assert.strictEqual(error._tag, "InvalidDomainOption")
        assert.strictEqual(error.message, `Domain a: restart.${message}`)
      })
  )

  it.effect("takes options at the edges of their ranges", () =>
    Effect.gen(function*() {
      const edges = {
        activationTick: Number.MAX_SAFE_INTEGER,
        maxMissedTicks: 1,
        activationTimeout: "Infinity"
      } as const
      const nodes = yield* DomainGraph.make([
        domain("a", { ...edges, shutdownTimeout: "1 nano", restart: Domain.restartPolicy({ limit: 0 }) }),
        domain("b", { ...edges, restart: "never" }),
        domain("c", { restart: Domain.restartPolicy({ limit: Infinity, within: "1 nano", while: () => true }) }),
        domain("d", { restart: Domain.restartPolicy({ limit: Number.MAX_SAFE_INTEGER, within: Infinity }) }),
        domain("e", { restart: Domain.restartPolicy(undefined) })
      ])
      assert.lengthOf(nodes, 5)
    }))

  it.effect.prop(
    "ranks grow along every edge, and no two are equal",
    { plan: acyclic },
    ({ plan }) =>
      Effect.gen(function*() {
        const domains = planned(plan)
        const nodes = yield* DomainGraph.make(domains)
        assert.deepStrictEqual(nodes.map((node) => node.domain), domains)
        assert.strictEqual(new Set(nodes.map((node) => node.rank)).size, domains.length)
        for (const node of nodes) {
          for (const other of node.awaits) assert.isBelow(other.rank, node.rank)
          assert.deepStrictEqual(
            new Set(node.awaits.map((other) => other.domain)),
            new Set([...node.domain.dependsOn, ...node.domain.after])
          )
          for (const other of nodes) {
            assert.strictEqual(other.followers.includes(node), node.awaits.includes(other))
            assert.strictEqual(other.dependants.includes(node), node.dependsOn.includes(other))
          }
        }
      })
  )

  it.effect.prop(
    "finds a real cycle wherever there is one",
    { plan: acyclic, length: int(1, 6), links: Arbitrary.array(int(0, 97), { maxLength: 6 }), at: int(0, 97) },
    ({ at, length, links, plan }) =>
      Effect.gen(function*() {
        const others = planned(plan)
        const circle = ring(Array.from({ length }, (_, i) => `c${i}`), ["dependsOn", "after"])
        // Edges from the ring to the rest lead nowhere; they only tempt the search away.
        for (const [i, link] of links.entries()) {
          const from = circle[i % length]!
          ;(from[i % 2 === 0 && from.dependsOn.length > 0 ? "dependsOn" : "after"] as Array<Domain.Any>)
            .push(others[link % others.length]!)
        }
        const domains = others.toSpliced(at % (others.length + 1), 0, ...circle)
        const error = yield* errorOf(...domains)
        assert.isTrue(error._tag === "DependencyCycle", error.message)
        if (error._tag === "DependencyCycle") assert.isTrue(isCycle(domains, error.path), error.message)
      })
  )
})
