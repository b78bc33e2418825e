import type { HelpDoc } from "effect/cli/HelpDoc"
import * as Option from "effect/Option"
import { plain, type Style } from "./Style.ts"
import { wrap } from "./Wrap.ts"

/** The longest line of help, however wide the terminal. */
export const maxWidth = 100

/** What is explained, in parts with a style each, and the explanation. */
interface Row {
  readonly left: ReadonlyArray<readonly [text: string, paint: (text: string) => string]>
  readonly right: string
}

/** The widest column of what is explained; what is wider has a line of its own. */
const leftMost = 26

/** Rows with their explanations in a column, wrapped there. */
const table = (rows: ReadonlyArray<Row>, width: number): ReadonlyArray<string> => {
  const widths = rows.map(({ left }) => left.reduce((sum, [text]) => sum + text.length, 0))
  const column = Math.max(0, ...widths.filter((one) => one <= leftMost)) + 4
  return rows.flatMap(({ left, right }, i) => {
    const painted = left.map(([text, paint]) => paint(text)).join("")
    const lines = wrap(right, Math.max(20, width - column)).map((line) => " ".repeat(column) + line)
    if (lines.length === 0) return [`  ${painted}`]
    return widths[i]! + 4 > column
      ? [`  ${painted}`, ...lines]
      : [`  ${painted}${" ".repeat(column - 2 - widths[i]!)}${lines[0]!.trimStart()}`, ...lines.slice(1)]
  })
}

/** Leaves out the choices that the left column has as the type of the flag. */
const withoutChoices = (description: string, type: string): string => {
  const choices = type.replace(/^<(.*)>$/, "$1").split("|").join(", ")
  return description.replace(` (choices: ${choices})`, "")
}

/** A command's help in lines of at most `width` cells (default 80); its own flags first, then those that all have. */
export const render = (doc: HelpDoc, options?: {
  readonly style?: Style | undefined
  readonly width?: number | undefined
}): string => {
  const style = options?.style ?? plain
  const width = Math.min(maxWidth, Math.max(40, options?.width ?? 80))

  const flags = (all: HelpDoc["flags"]): ReadonlyArray<Row> =>
    all.map(({ aliases, description, name, type }) => ({
      left: [
        [`--${name}`, style.green],
        ...aliases.map((alias) => [`, ${alias}`, style.green] as const),
        [type === "boolean" ? "" : ` ${type}`, style.dim]
      ],
      right: withoutChoices(Option.getOrElse(description, () => ""), type)
    }))

  const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
    lines.length === 0 ? [] : [style.bold(title), ...lines, ""]

  const path = doc.commandPath ?? []
  const root = doc.globalFlagsScope ?? path.slice(0, 1)
  const isRoot = path.length === root.length
  const globals = doc.globalFlags ?? []
  const examples: Array<string> = []
  for (const [i, { command, description }] of (doc.examples ?? []).entries()) {
    const described = description !== undefined
    if (i > 0 && (described || doc.examples![i - 1]!.description !== undefined)) examples.push("")
    if (described) examples.push(`  ${style.dim(`# ${description}`)}`)
    examples.push(`  ${style.cyan(command)}`)
  }
  const lines = [
    ...section("DESCRIPTION", wrap(doc.description, width - 2).map((line) => `  ${line}`)),
    ...section("USAGE", [`  ${style.cyan(doc.usage)}`]),
    ...section(
      "ARGUMENTS",
      table(
        (doc.args ?? []).map(({ description, name, required, variadic }) => ({
          left: [[variadic ? `${name}...` : name, style.green]],
          right: `${Option.getOrElse(description, () => "")}${required ? "" : " (optional)"}`
        })),
        width
      )
    ),
    ...(doc.subcommands ?? []).flatMap(({ commands, group }) =>
      section(
        group ?? "SUBCOMMANDS",
        table(
          commands.map(({ alias, description, name, shortDescription }) => ({
            left: [[alias === undefined ? name : `${name}, ${alias}`, style.cyan]],
            right: shortDescription ?? description
          })),
          width
        )
      )
    ),
    ...section("FLAGS", table(flags([...doc.flags, ...doc.inheritedFlags ?? []]), width)),
    ...(isRoot
      ? section("FLAGS OF ALL COMMANDS", table(flags(globals), width))
      : globals.length === 0
      ? []
      : [`${root.join(" ")} --help shows the flags that all commands have.`, ""]),
    ...section("EXAMPLES", examples)
  ]
  return lines.join("\n").trimEnd()
}
