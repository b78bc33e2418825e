/** One figure of one round. Rounds of the same name are summed up by their median and spread. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly value: number
}

/** What a `*.bench.ts` exports as its default: it measures, several rounds of everything in turn, and reports. */
export type Benchmark = (report: (figure: Figure) => void) => Promise<void>
