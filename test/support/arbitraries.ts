import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import type * as Domain from "../../src/model/Domain.ts"

/** Whole numbers of a range. */
export const int = (minimum: number, maximum: number): Arbitrary.Arbitrary<number> =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

/** A domain of a random graph: `name`, what it waits for (by index into the plan), when and how long. */
export interface Planned {
  readonly name: string
  readonly dependsOn: ReadonlyArray<number>
  readonly after: ReadonlyArray<number>
  readonly activationTick: number
  readonly buildMs: number
  readonly position: number
}

/**
 * Random acyclic graphs: each domain waits only for domains of smaller index. `position` says where it stands in the
 * list of domains, so that the order given has nothing to do with the order of dependencies.
 */
export const acyclic: Arbitrary.Arbitrary<ReadonlyArray<Planned>> = Arbitrary.array(
  Arbitrary.all({
    picks: Arbitrary.array(Arbitrary.all({ target: int(0, 97), after: Arbitrary.schema(Schema.Boolean) }), {
      maxLength: 4
    }),
    activationTick: int(1, 5),
    buildMs: int(0, 3_000),
    position: int(0, 997)
  }),
  { minLength: 1, maxLength: 14 }
).pipe(
  Arbitrary.map((nodes) =>
    nodes.map(({ activationTick, buildMs, picks, position }, index): Planned => ({
      name: `d${index}`,
      dependsOn: index === 0 ? [] : picks.filter((pick) => !pick.after).map((pick) => pick.target % index),
      after: index === 0 ? [] : picks.filter((pick) => pick.after).map((pick) => pick.target % index),
      activationTick,
      buildMs,
      position
    }))
  )
)

/** The domains of a plan, in the order of their `position`. */
export const domainsOf = <D extends Domain.Any>(
  plan: ReadonlyArray<Planned>,
  make: (planned: Planned, dependsOn: ReadonlyArray<D>, after: ReadonlyArray<D>) => D
): ReadonlyArray<D> => {
  const made: Array<D> = []
  for (const planned of plan) {
    made.push(make(planned, planned.dependsOn.map((i) => made[i]!), planned.after.map((i) => made[i]!)))
  }
  return made.map((domain, index) => ({ domain, position: plan[index]!.position }))
    .sort((a, b) => a.position - b.position)
    .map(({ domain }) => domain)
}
