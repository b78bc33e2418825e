/** Sentences of docs/supervision.md, and the tests that show each: the file in test, then its title or a row of its table. */
export const restarts: Readonly<Record<string, ReadonlyArray<string>>> = {
  "Domains that **depend on** the crashed one leave `active` in the same commit and before it, in reverse order.": [
    "supervision/Restart.test.ts › and its restart are one commit, with what the crash takes down",
    "supervision/Supervisor.test.ts › a crash takes dependants out first, in reverse order, and brings them back in waves"
  ],
  "Only then are the scopes closed, in that order: each domain's scope after those of its dependants.": [
    "supervision/Cascade.test.ts › closes the scopes when all have left active, each after those of its dependants"
  ],
  "No domain is ever active while one it depends on is not.": [
    "behaviour/RandomApplications.test.ts › 2,000 random graphs, policies, faults and operations break no law and take every edge at least 20 times",
    "supervision/Cascade.test.ts › closes the scopes when all have left active, each after those of its dependants"
  ],
  "When the crashed domain is active again, its dependants follow in waves.": [
    "supervision/Supervisor.test.ts › a crash takes dependants out first, in reverse order, and brings them back in waves"
  ],
  "Domains that only come `after` it, and all others, keep running.": [
    "supervision/Cascade.test.ts › leaves domains alone that only come after it",
    "supervision/Supervisor.test.ts › a crash takes dependants out first, in reverse order, and brings them back in waves"
  ],
  "`Domain.restartPolicy({ schedule, limit, within, while })` is the option `restart` of `Domain.make`.": [
    "supervision/Restart.test.ts › counts only time spent active, and not the time between a crash and the next generation",
    "supervision/Restart.test.ts › by a ConfigError restarts where its own `while` says so"
  ],
  "Without it a domain restarts without end:": [
    "behaviour/SixDomainsUnderFault.test.ts › restarts without end by default, the program goes on, and its story tells every attempt"
  ],
  "| `schedule` | the delays before the restarts | exponential from 200 ms, capped at 30 s, then jittered by a fifth | A short failure costs little time. A long outage costs one attempt in at most 36 s. Domains that lost the same thing do not come back at the same moment |":
    [
      "supervision/RestartBudget.test.ts › by default backs off from 200 ms to 30 s with a fifth of jitter, without end",
      "model/Backoff.test.ts › doubles from the first delay to the cap, and goes on without end",
      "model/Backoff.test.ts › jitters also at the cap, so that many do not come back at once",
      "behaviour/SixDomainsUnderFault.test.ts › restarts without end by default, the program goes on, and its story tells every attempt"
    ],
  "| `limit` | at most so many restarts within `within` | no limit | An outage is longer than any budget of attempts. A domain that gives up needs a person; one that goes on heals by itself |":
    [
      "supervision/RestartBudget.test.ts › gives its limit of restarts, each after the schedule's next delay, then none",
      "supervision/RestartBudget.test.ts › by default backs off from 200 ms to 30 s with a fifth of jitter, without end",
      "supervision/Supervisor.test.ts › a spent budget leaves the domain crashed, and what waits for it blocked",
      "behaviour/Outages.test.ts › is ready within 40 s of their return, or has ended with 70: 2,000 outages"
    ],
  "| `within` | for how long a restart counts | 1 minute | Only time in which the domain is active counts, so failed and hanging activations use up the budget however long each takes |":
    [
      "supervision/RestartBudget.test.ts › counts a restart for as long as the domain is active, however much other time passes",
      "supervision/RestartBudget.test.ts › gives nothing to `never`, nor to a limit of 0, not even after a reset",
      "supervision/Restart.test.ts › counts activations that hang, however long each takes",
      "supervision/Restart.test.ts › counts only time spent active, and not the time between a crash and the next generation"
    ],
  "| `while` | whether the domain restarts after this cause | unless the cause holds a `ConfigError` | Configuration that is wrong stays wrong until the program starts anew |":
    [
      "model/RestartPolicy.test.ts › is false for a ConfigError as %s",
      "model/RestartPolicy.test.ts › is true for %s",
      "supervision/Restart.test.ts › by a ConfigError was tried once, and is so by default",
      "supervision/Restart.test.ts › by a ConfigError restarts where its own `while` says so"
    ],
  "Each domain has its own budget: a sibling that keeps crashing never uses it up.": [
    "supervision/RestartBudget.test.ts › is each domain's own, also where two share a policy"
  ],
  "The delays start over when the domain has been active for `within` in one go, and when an operator restarts or activates it.":
    [
      "supervision/RestartBudget.test.ts › starts over after the domain has been active for `within` in one go, no earlier",
      "supervision/RestartBudget.test.ts › is new after a reset, as by an operator",
      "supervision/Supervisor.test.ts › the budget and the delays start over after the domain has been stable",
      "behaviour/RandomApplications.test.ts › 2,000 random graphs, policies, faults and operations break no law and take every edge at least 20 times"
    ],
  "When what a domain needs returns after an outage, however long it was, the domain is active again within 40 s: the longest delay is 36 s.":
    [
      "behaviour/Outages.test.ts › is ready within 40 s of their return, or has ended with 70: 2,000 outages",
      "supervision/RestartBudget.test.ts › by default backs off from 200 ms to 30 s with a fifth of jitter, without end"
    ],
  "Domains that depend on it follow at once.": [
    "behaviour/Outages.test.ts › is ready within 40 s of their return, or has ended with 70: 2,000 outages",
    "supervision/Supervisor.test.ts › a crash takes dependants out first, in reverse order, and brings them back in waves"
  ],
  "If an activation that began before the return hangs, its `activationTimeout` comes on top.": [
    "behaviour/Outages.test.ts › is ready within 40 s of their return, or has ended with 70: 2,000 outages"
  ],
  "The schedule and `while` are your code.": [
    "supervision/RestartBudget.test.ts › that %s is replaced by the default back-off for this restart",
    "supervision/RestartBudget.test.ts › that %s is replaced by the default"
  ],
  "Whatever they do, the crash is committed and the supervisor goes on:": [
    "supervision/Restart.test.ts › is committed and others are served while its schedule ${what}; the default back-off follows",
    "supervision/Restart.test.ts › whose `while` throws is told and restarts, once for each crash"
  ],
  "A schedule that answers at once, as all do that do not wait for something, decides in the same commit as the crash.":
    [
      "supervision/Restart.test.ts › and its restart are one commit, with what the crash takes down"
    ],
  "One that does not is awaited for up to 1 second.": [
    "supervision/Restart.test.ts › waits for a schedule that takes its time, and restarts after the delay that it gives",
    "supervision/RestartBudget.test.ts › may take its time, up to 1 second"
  ],
  "Meanwhile the domain is `crashed`, and all other commands are executed.": [
    "supervision/Restart.test.ts › is committed and others are served while its schedule ${what}; the default back-off follows"
  ],
  "One that fails, gives no delay within 1 second, or gives one that is negative or endless is replaced by the default for this restart.":
    [
      "supervision/RestartBudget.test.ts › that %s is replaced by the default back-off for this restart"
    ],
  "A `while` that throws, or returns something else than a boolean, is replaced by the default too.": [
    "supervision/RestartBudget.test.ts › that %s is replaced by the default"
  ],
  "Each is logged at ERROR, once for each crash.": [
    "supervision/Restart.test.ts › is committed and others are served while its schedule ${what}; the default back-off follows",
    "supervision/Restart.test.ts › whose `while` throws is told and restarts, once for each crash"
  ],
  "Options that are out of range are told when the application starts, as everything that is wrong with the graph.": [
    "model/DomainGraph.test.ts › refuses an option out of range: $message",
    "model/DomainGraph.test.ts › refuses a restart policy, when the application starts, in which %s",
    "behaviour/Activation.test.ts › fails before anything starts when the graph is wrong"
  ],
  "Each generation is built in a new scope with a new memo map.": [
    "supervision/Generation.test.ts › has a new scope and a new memo map: its layer is built anew, and once"
  ],
  "A failed build is never remembered, and no service outlives its generation.": [
    "supervision/Supervisor.test.ts › a failing build is tried again until it succeeds",
    "supervision/Restart.test.ts › waits for a schedule that takes its time, and restarts after the delay that it gives",
    "behaviour/RandomApplications.test.ts › 2,000 random graphs, policies, faults and operations break no law and take every edge at least 20 times"
  ],
  "A layer acquires resources uninterruptibly, so the deadline bounds the wait for the build: an activation that takes too long is given up and its scope is closed.":
    [
      "supervision/Activation.test.ts › that takes too long is given up although it acquires uninterruptibly, and its scope is closed"
    ],
  "What still runs after `shutdownTimeout` is abandoned, and the log says so.": [
    "supervision/Closing.test.ts › that exceeds shutdownTimeout is abandoned and logged, and the next generation waits until then: after a %s"
  ],
  "The next generation waits until then.": [
    "supervision/Closing.test.ts › that exceeds shutdownTimeout is abandoned and logged, and the next generation waits until then: after a %s"
  ],
  "A domain whose policy allows no restart stays `crashed`.": [
    "supervision/Restart.test.ts › is logged at ERROR: %s",
    "supervision/Supervisor.test.ts › a spent budget leaves the domain crashed, and what waits for it blocked"
  ],
  "The log says so at ERROR, with the reason (`thunderline.domain.given_up`).": [
    "supervision/Restart.test.ts › is logged at ERROR: %s"
  ],
  "An operator can restart it; that gives it a new budget.": [
    "supervision/Operations.test.ts › restart of a domain that is crashed for good gives it a new budget"
  ],
  "If the domain is `required`, it **escalates**: `Thunderline.awaitEscalation` completes.": [
    "supervision/Restart.test.ts › with %j escalates: %j",
    "supervision/Restart.test.ts › by a ConfigError was tried once, and is so by default"
  ],
  "`Thunderline.launch`, which also runs every program of `thunderline start`, then shuts down in order and ends with exit code 70, so that systemd, Kubernetes or another supervisor starts it again: a program that is not ready, and will not be, is worth less than a new one.":
    [
      "supervision/Launch.test.ts › ends in order and fails with 70 when a domain escalates",
      "cli/commands/start.test.ts › exits 70 after an orderly end when a domain escalates",
      "deploy.test.ts › starts the program again that ended with 70"
    ],
  "`Thunderline.layer` never ends the process of its host: without `launch`, readiness fails, and what else follows is up to you.":
    [
      "supervision/Restart.test.ts › with %j escalates: %j"
    ],
  "An optional domain does not escalate.": [
    "supervision/Restart.test.ts › with %j escalates: %j"
  ],
  "`escalate` says otherwise for one domain.": [
    "supervision/Restart.test.ts › with %j escalates: %j"
  ],
  "The supervisor, the heartbeat, the writer of the outbox, the lease, retention, the live stream, health and systemd's watchdog run under `Loop.supervised`.":
    [
      "telemetry/Loop.test.ts › run under Loop.supervised, each under its name",
      "behaviour/tidy.test.ts › runs what is endless under Loop.supervised: every other fork says why"
    ],
  "If such a loop ends before its scope closes, the end is logged (`thunderline.loop.ended`) and counted (`thunderline.loop.restarts`), and the loop runs again after a back-off of 100 ms to 30 s.":
    [
      "telemetry/Loop.test.ts › logs an end by $end and runs again after a back-off",
      "telemetry/Loop.test.ts › tries no faster than every 30 seconds after many ends, and starts over once it has run for 30 seconds"
    ]
}
