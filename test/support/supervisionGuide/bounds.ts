/** Sentences of docs/supervision.md, and the tests that show each: the file in test, then its title or a row of its table. */
export const bounds: Readonly<Record<string, ReadonlyArray<string>>> = {
  "Nothing at the end of an application is waited for without a limit.": [
    "supervision/ShutdownLimit.test.ts › names every stage that had no time left",
    "supervision/Launch.test.ts › abandons a layer of the app that does not end, says so, and succeeds",
    "supervision/Launch.test.ts › ends although a layer is being built that cannot be interrupted"
  ],
  "What exceeds its limit is named in a log line and abandoned: its fibers go on alone, and what comes after it begins.":
    [
      "supervision/ShutdownLimit.test.ts › abandons the domains that are left after four fifths of its time, and names each",
      "supervision/ShutdownLimit.test.ts › begins to close every domain, also those that it abandons",
      "supervision/DomainUseBounds.test.ts › by an effect that %s returns within shutdownTimeout of a %s"
    ],
  "| the end of one generation: its uses, `onDeactivate`, workers, finalizers | the domain's `shutdownTimeout` (10 s) |":
    [
      "supervision/Closing.test.ts › is abandoned after the default of 10 seconds where %s hangs"
    ],
  "| all domains together | four fifths of the application's `shutdownTimeout`; then each that is left is logged at ERROR, and recorded as `inactive` with `abandoned: true` |":
    [
      "supervision/ShutdownLimit.test.ts › abandons the domains that are left after four fifths of its time, and names each",
      "supervision/ShutdownLimit.test.ts › has the last transitions in the trail, also of what was abandoned",
      "supervision/ShutdownLimit.test.ts › takes as long as its domains' own time-outs, where they are shorter than its own"
    ],
  "| the application: domains, outbox, lease, repo | `shutdownTimeout` of `Thunderline.layer` (25 s; Kubernetes kills after 30); then the stages that are left are logged at ERROR |":
    [
      "supervision/ShutdownLimit.test.ts › abandons a repo that does not end, and names it",
      "supervision/ShutdownLimit.test.ts › names every stage that had no time left",
      "supervision/Launch.test.ts › names the stages of the application that do not end"
    ],
  "| `Thunderline.launch` and `thunderline start`, with the app's own layers | the same `shutdownTimeout`; `start --shutdown-timeout` sets it |":
    [
      "supervision/Launch.test.ts › abandons a layer of the app that does not end, says so, and succeeds",
      "cli/commands/start.test.ts › abandons a layer of the app's own that hangs, names what is left, and exits as it would have"
    ],
  "An abandoned shutdown does not change the exit code: 0 after a signal, 70 after an escalation.": [
    "supervision/Launch.test.ts › abandons a layer of the app that does not end, says so, and succeeds",
    "supervision/Launch.test.ts › still fails with 70 when a domain escalates and a layer does not end",
    "cli/commands/start.test.ts › abandons a layer of the app's own that hangs, names what is left, and exits as it would have"
  ],
  "Under `thunderline start` a second signal ends the process at once, with 130.": [
    "cli/commands/start.test.ts › ends at once with 130 at a second signal, whatever is still closing"
  ],
  "The time-outs are Effect's: code that never lets the event loop go, such as an endless loop, cannot be limited.": [
    "supervision/Closing.test.ts › takes as long as code does that blocks the event loop"
  ],
  "Layers, hooks, workers, schedules, metadata, loggers, tracers and errors are users' code.": [
    "supervision/UsersCode.test.ts › of any kind in %s ends in its state, in the trail and in the log",
    "supervision/UsersCode.test.ts › whose %s fails with anything lets the domain restart",
    "supervision/UsersCode.test.ts › that %s crashes its domain, or ends it with a cause"
  ],
  "Whatever they do, the supervisor goes on, every operation is answered, and a shutdown ends.": [
    "supervision/UsersCode.test.ts › %s: no transition is undone, no command lost, no tick missed",
    "supervision/UsersCode.test.ts › made of several, anywhere, crashes its domain",
    "supervision/UsersCode.test.ts › that %s crashes its domain, or ends it with a cause",
    "behaviour/RandomApplications.test.ts › 2,000 random graphs, policies, faults and operations break no law and take every edge at least 20 times"
  ],
  "**Errors are rendered within bounds.** The text of a cause is that of `Cause.pretty`, at most 16 KiB of valid Unicode without NUL characters.":
    [
      "model/CauseText.test.ts › renders %s as Cause.pretty does",
      "model/CauseText.test.ts › renders %s, in less than a second",
      "model/CauseText.test.ts › renders whatever is made of these, as part of any cause"
    ],
  "Of a chain of causes, of many failures and of long texts, the last line says how much was left out.": [
    "model/CauseText.test.ts › says in its last line what it left out"
  ],
  "A part that cannot be read says so: `[message threw]`.": [
    "model/CauseText.test.ts › says which part of an error threw, and shows the others",
    "cli/usage.test.ts › odd.ts: [message threw]"
  ],
  "The trail, the API, the page, the terminal and exported telemetry have this text.": [
    "supervision/UsersCode.test.ts › of any kind in %s ends in its state, in the trail and in the log",
    "control/RemoteTrail.test.ts › is through the control plane what it is in the program",
    "slow/dashboard.test.ts › tells a crash, its cause and who waits because of it, without being loaded again",
    "cli/text/LogFormat.test.ts › writes a line for whatever fails and whatever is logged, as %s",
    "cli/ExitCode.test.ts › says %s in one line, and has an exit code for it",
    "otel/Otlp.test.ts › sends the spans and the log lines of failures that cannot be rendered, within bounds"
  ],
  "A logger of yours gets an error with this text as its stack.": [
    "telemetry/SafeTelemetry.test.ts › of users gets an error whose stack is the text of the cause"
  ],
  "**Loggers, tracers and metrics cannot fail what they record.** A line that a logger throws at is lost for that logger; the first one is told on standard error.":
    [
      "telemetry/SafeTelemetry.test.ts › that throws fails no log call, keeps no line from the others, and is told of once",
      "telemetry/SafeTelemetry.test.ts › that throws in %s fails nothing",
      "telemetry/SafeTelemetry.test.ts › whose registry throws is not updated, and nothing fails"
    ],
  "A span that a tracer does not make is not exported.": [
    "telemetry/SafeTelemetry.test.ts › that throws in %s fails nothing",
    "telemetry/SafeTelemetry.test.ts › that makes no proper span is replaced for that span"
  ],
  "Code of a domain logs by the same loggers and has its own tracer back: what that throws there is the domain's failure.":
    [
      "telemetry/SafeTelemetry.test.ts › gives the code of domains its own tracer back",
      "supervision/UsersCode.test.ts › a tracer that throws in a domain's code: that is the domain's failure"
    ],
  "**A tick's metadata** is copied as JSON.": [
    "supervision/UsersCode.test.ts › a tick's metadata that %s: the tick is sent, with what JSON can hold"
  ],
  "What throws or cannot be written as JSON is logged and left out.": [
    "supervision/UsersCode.test.ts › a tick's metadata that %s: the tick is sent, with what JSON can hold",
    "heartbeat/TickGenerator.test.ts › beats on when the app's metadata throws, and warns each time"
  ],
  "**A condition** that throws does not hold.": [
    "supervision/GateCondition.test.ts › does not hold while it throws"
  ],
  "A transition is committed first, then carried out, then logged.": [
    "behaviour/Activation.test.ts › says in the log what comes after what, in the words of the design",
    "supervision/Cascade.test.ts › closes the scopes when all have left active, each after those of its dependants",
    "supervision/UsersCode.test.ts › %s: no transition is undone, no command lost, no tick missed"
  ],
  "When a command of the supervisor fails all the same, that is a bug of Thunderline: it is logged at FATAL, an operation fails with the defect, and a domain that is `activating` or `active` crashes with the bug as its cause and restarts by its policy.":
    [
      "supervision/Recovery.test.ts › Built: the domain crashes with the bug as its cause, and restarts",
      "supervision/Recovery.test.ts › Operate %s: it is answered, and the %s domain crashes and restarts"
    ],
  "A gate that could not be opened is looked at again with the next tick.": [
    "supervision/Recovery.test.ts › Ticked: a gate that cannot be opened by itself either is opened by the next tick"
  ]
}
