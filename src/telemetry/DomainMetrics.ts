import type * as Metric from "effect/Metric"
import type { StatusName } from "../model/DomainStatus.ts"
import * as Telemetry from "./Telemetry.ts"

/** The metric handles of one domain, each made when it is first used and kept. */
export interface DomainMetrics {
  readonly activated: Metric.Histogram<number>
  readonly restarts: Metric.Counter<number>
  /** Counts transitions into a state. */
  readonly entered: (state: StatusName) => Metric.Counter<number>
  /** The duration of an activation that failed. */
  readonly failed: (errorType: string) => Metric.Histogram<number>
}

class Handles implements DomainMetrics {
  private readonly domain: string
  private histogram: Metric.Histogram<number> | undefined
  private counter: Metric.Counter<number> | undefined
  private states: Map<StatusName, Metric.Counter<number>> | undefined

  constructor(domain: string) {
    this.domain = domain
  }

  get activated() {
    return this.histogram ??= Telemetry.histogram("thunderline.domain.activation.duration", {
      [Telemetry.attribute.domain]: this.domain,
      [Telemetry.attribute.status]: "success"
    })
  }

  get restarts() {
    return this.counter ??= Telemetry.counter("thunderline.domain.restarts", {
      [Telemetry.attribute.domain]: this.domain
    })
  }

  entered(state: StatusName) {
    this.states ??= new Map()
    let counter = this.states.get(state)
    if (counter === undefined) {
      counter = Telemetry.counter("thunderline.domain.transitions", {
        [Telemetry.attribute.domain]: this.domain,
        [Telemetry.attribute.state]: state
      })
      this.states.set(state, counter)
    }
    return counter
  }

  failed(errorType: string) {
    return Telemetry.histogram("thunderline.domain.activation.duration", {
      [Telemetry.attribute.domain]: this.domain,
      [Telemetry.attribute.status]: "failure",
      [Telemetry.attribute.error]: errorType
    })
  }
}

/** The handles of a domain. */
export const make = (domain: string): DomainMetrics => new Handles(domain)
