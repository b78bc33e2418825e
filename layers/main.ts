#!/usr/bin/env node
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { Terminal } from "effect/Terminal"
import packageJson from "../package.json" with { type: "json" }
import * as Thunderline from "../src/cli/Cli.ts"
import * as ExitCode from "../src/cli/ExitCode.ts"
import * as OutputReader from "../src/cli/OutputReader.ts"

const signals = ["SIGINT", "SIGTERM", "SIGHUP"]

/** npm repeats a signal that the terminal sends to the whole group: two within this time, in milliseconds, are one. */
const echo = 300

/** Interrupts the program at the first signal, for an orderly end, and ends the process at the second. */
const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  let received: number | undefined
  const onSignal = () => {
    received ??= performance.now()
    if (performance.now() - received > echo) process.exit(ExitCode.interrupted)
    fiber.interruptUnsafe(fiber.id)
  }
  for (const signal of signals) process.on(signal, onSignal)
  fiber.addObserver((exit) => {
    for (const signal of signals) process.off(signal, onSignal)
    teardown(exit, (code) => {
      if (received !== undefined || code !== ExitCode.ok) process.exit(code)
    })
  })
})

OutputReader.watch()

/** Only Ctrl-C ends the input; Esc is an ordinary key. */
const terminal = Layer.effect(Terminal, NodeTerminal.make(({ key }) => key.ctrl && key.name === "c"))

Thunderline.run(packageJson.version).pipe(
  Effect.provide(
    Layer.mergeAll(NodeServices.layer, terminal)
  ),
  runMain({
    disableErrorReporting: true,
    // A command that ends in order when it is interrupted has set the exit code; any other was cut short.
    teardown: (exit, onExit) => {
      const code = ExitCode.ofExit(exit)
      onExit(code === ExitCode.interrupted ? Number(process.exitCode ?? code) : code)
    }
  })
)
