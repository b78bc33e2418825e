import { readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../cli/Process.ts"

export const read = (path: string): string => readFileSync(join(root, path), "utf8")

/** A question to Prometheus: what it is for, and in PromQL. */
export interface Expression {
  readonly name: string
  readonly expression: string
}

const dashboard = JSON.parse(read("deploy/grafana/thunderline.json"))

/** The panels of the dashboard, with Grafana's variables filled in. */
export const panels: ReadonlyArray<Expression> = dashboard.panels.flatMap((panel: any) =>
  panel.targets.map((target: any) => ({
    name: panel.title,
    expression: target.expr.replaceAll("$__rate_interval", "1m").replaceAll("$__range", "1h")
      .replaceAll(/\$(job|instance)/g, ".*")
  }))
)

/** The names that the dashboard's variables are filled from. */
const variables: ReadonlyArray<Expression> = dashboard.templating.list.map((variable: any) => ({
  name: variable.name,
  expression: variable.definition.replace(/^label_values\((.*), \w+\)$/, "$1").replaceAll(/\$(job|instance)/g, ".*")
}))

const alerts: ReadonlyArray<Expression> = Array.from(
  read("deploy/prometheus/thunderline.rules.yml").matchAll(/- alert: (\S+)\n\s+expr: (.+)\n/g),
  ([_, name, expression]) => ({ name: name!, expression: expression! })
)

/** Everything that is asked of Prometheus. */
export const expressions: ReadonlyArray<Expression> = [...panels, ...variables, ...alerts]

/** The metrics that an expression names. */
export const namesIn = (expression: string): ReadonlyArray<string> => {
  const labels = labelsIn(expression)
  const names = expression.match(/\b(?:thunderline|nodejs|v8js|process|otelcol)_\w+/g) ?? []
  return names.filter((name) => !labels.includes(name))
}

/** The labels of the program's own that an expression asks for or groups by. */
export const labelsIn = (expression: string): ReadonlyArray<string> =>
  Array.from(
    expression.matchAll(/by \(([^)]*)\)|\{([^}]*)\}/g),
    ([_, by, selector]) => by?.split(", ") ?? selector!.split(",").map((one) => one.split(/=~?/)[0]!)
  ).flat().filter((label) => !["job", "instance", "exporter", "le"].includes(label))
