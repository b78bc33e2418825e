import type { Activation } from "../../control/ActivationHistory.ts"
import * as Format from "../../control/Format.ts"
import type { Style } from "../text/Style.ts"
import { windowStart } from "./DomainsView.ts"
import { indexOf, listed } from "./Keys.ts"
import { cell, type Line } from "./Line.ts"
import type { Model } from "./Model.ts"

/** Activations in the order in which they came: by tick, wave, and the time at which the gate opened. */
const inOrder = (a: Activation, b: Activation): number => a.tick - b.tick || a.wave - b.wave || a.openedAt - b.openedAt

const paint = ({ end }: Activation, style: Style) =>
  end === undefined ? style.cyan : end.outcome === "failed" ? style.red : style.green

/**
 * The newest activation of each domain as a bar: how long it waited for other domains (`░`), then its own work (`█`). The
 * left edge is the first gate that a tick opened; all bars have the same scale.
 */
export const render = (model: Model, style: Style, width: number, rows: number, now: number): ReadonlyArray<Line> => {
  const shown = new Set(listed(model).map(({ name }) => name))
  const all = Array.from(model.view.activations.values(), ({ newest }) => newest).filter(({ domain }) =>
    shown.has(domain)
  )
    .sort(inOrder)
  if (all.length === 0) return [[["  no activation yet", style.dim]]]
  const serverNow = now + model.view.skew
  const begins = new Map<number, number>()
  for (const { newest: { openedAt, tick } } of model.view.activations.values()) {
    begins.set(tick, Math.min(begins.get(tick) ?? Infinity, openedAt))
  }
  const endOf = (one: Activation) => (one.end?.at ?? serverNow) - begins.get(one.tick)!
  const longest = Math.max(1, ...all.map(endOf))
  const name = Math.min(Math.max(...all.map(({ domain }) => domain.length)), width < 60 ? 12 : 24)
  const bar = Math.max(4, width - name - 2 - 12 - 9)
  const at = (ms: number) => Math.round((ms / longest) * bar)

  const list = listed(model)
  const selected = list[indexOf(list, model.selected)]?.name
  const start = windowStart(all.length, rows, Math.max(0, all.findIndex(({ domain }) => domain === selected)))
  return all.slice(start, start + rows).map((one, i, visible): Line => {
    const before = visible[i - 1]
    const wave = before?.tick === one.tick && before.wave === one.wave ? "" : `${one.tick}/${one.wave}`
    const waited = Math.min(bar - 1, at(one.openedAt - begins.get(one.tick)!))
    const worked = Math.min(bar - waited, Math.max(1, at(endOf(one)) - waited))
    const took = (one.end?.at ?? serverNow) - one.openedAt
    const chosen = one.domain === selected
    return [
      [cell(wave, 8, "right"), style.dim],
      chosen ? [" ▸", style.cyan] : "  ",
      [cell(one.domain, name), chosen ? style.bold : (text) => text],
      "  ",
      ["░".repeat(waited), style.yellow],
      ["█".repeat(worked), paint(one, style)],
      " ".repeat(bar - waited - worked),
      one.end?.outcome === "failed" ? [" failed".padStart(8), style.red] : ` ${Format.duration(took).padStart(7)}`
    ]
  })
}
