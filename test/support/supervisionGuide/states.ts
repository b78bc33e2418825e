/** Sentences of docs/supervision.md, and the tests that show each: the file in test, then its title or a row of its table. */
export const states: Readonly<Record<string, ReadonlyArray<string>>> = {
  "This page says which states a domain goes through, what changes them, and what you can rely on.": [
    "model/DomainStatus.test.ts › knows all pairs of a state and a trigger",
    "supervisionGuide.test.ts › has a test for each sentence, and no other sentences in its table"
  ],
  "| waiting | its gate opens | activating |": [
    "model/DomainStatus.test.ts › $from, on $when, becomes $to._tag",
    "behaviour/Activation.test.ts › waits for the activation tick, and holds back those that depend on it until then, and only those"
  ],
  "| activating | the layer is built and `onActivate` has succeeded | active |": [
    "model/DomainStatus.test.ts › $from, on $when, becomes $to._tag",
    "supervision/Activation.test.ts › ends when the layer is built and onActivate has succeeded"
  ],
  "| activating | that failed, or took longer than `activationTimeout` | crashed |": [
    "model/DomainStatus.test.ts › $from, on $when, becomes $to._tag",
    "supervision/Supervisor.test.ts › a failing build is tried again until it succeeds",
    "supervision/Supervisor.test.ts › an activation that hangs is cut at its time-out, named, and restarted",
    "supervision/Activation.test.ts › crashes the domain when onActivate fails or takes longer than activationTimeout"
  ],
  "| active | a worker, `onTick` or its background work failed, or it left `maxMissedTicks` ticks (3) unanswered | crashed |":
    [
      "supervision/Generation.test.ts › that %s crashes its domain",
      "supervision/Supervisor.test.ts › a failing onTick crashes the domain and nobody else",
      "supervision/Supervisor.test.ts › a fiber that the layer forked in its scope crashes its domain, a detached one does not",
      "supervision/Supervisor.test.ts › takes a domain for dead after maxMissedTicks unanswered ticks and restarts it"
    ],
  "| crashed | its policy allows a restart | restarting |": [
    "model/DomainStatus.test.ts › $from, on $when, becomes $to._tag",
    "supervision/Restart.test.ts › and its restart are one commit, with what the crash takes down"
  ],
  "| crashed | `limit` is spent, `while` refuses the cause, the schedule has ended, or the policy is `\"never\"` | stays crashed |":
    [
      "supervision/Restart.test.ts › is logged at ERROR: %s"
    ],
  "| restarting | the back-off has elapsed | activating if its gate is open, else waiting |": [
    "model/DomainStatus.test.ts › $from, on $when, becomes $to._tag",
    "supervision/Supervisor.test.ts › a crash takes dependants out first, in reverse order, and brings them back in waves",
    "behaviour/RandomApplications.test.ts › 2,000 random graphs, policies, faults and operations break no law and take every edge at least 20 times"
  ],
  "| activating, active | a domain in `dependsOn` left `active` | deactivating, then waiting |": [
    "model/DomainStatus.test.ts › $from, on $when, becomes $to._tag",
    "supervision/Supervisor.test.ts › a crash takes dependants out first, in reverse order, and brings them back in waves",
    "behaviour/RandomApplications.test.ts › 2,000 random graphs, policies, faults and operations break no law and take every edge at least 20 times"
  ],
  "| any but inactive | an operator deactivates it | inactive; from activating or active first deactivating |": [
    "model/DomainStatus.test.ts › $from, on $when, becomes $to._tag",
    "model/DomainStatus.test.ts › $from does not take $when",
    "supervision/Operations.test.ts › deactivate takes a domain out for good, activate lets it back in at once",
    "supervision/Operations.test.ts › deactivate gives up a build and cancels a back-off",
    "supervision/Restart.test.ts › whose schedule hangs can be ended by an operator, and the late answer changes nothing"
  ],
  "| inactive | an operator activates it | waiting; its gate is looked at now, not at the next tick |": [
    "model/DomainStatus.test.ts › $from, on $when, becomes $to._tag",
    "supervision/Operations.test.ts › deactivate takes a domain out for good, activate lets it back in at once"
  ],
  "| active, crashed, restarting | an operator restarts it | activating if its gate is open, else waiting; with a new budget; from active first deactivating |":
    [
      "model/DomainStatus.test.ts › $from, on $when, becomes $to._tag",
      "supervision/Operations.test.ts › restart ends the generation, takes dependants along and builds anew",
      "supervision/Operations.test.ts › restart of a domain that is crashed for good gives it a new budget",
      "behaviour/RandomApplications.test.ts › 2,000 random graphs, policies, faults and operations break no law and take every edge at least 20 times"
    ],
  "| any | shutdown | inactive; from activating or active first deactivating; crashed stays crashed |": [
    "model/DomainStatus.test.ts › $from, on $when, becomes $to._tag",
    "supervision/Supervisor.test.ts › deactivates in reverse order, and the trail has the last word",
    "supervision/Restart.test.ts › whose schedule hangs does not hold up the shutdown, and the late answer restarts nothing"
  ],
  "| deactivating | closing fails or takes longer than `shutdownTimeout` | its target state; with the cause if it failed, with `abandoned: true` if it took too long |":
    [
      "supervision/Supervisor.test.ts › a clean-up that hangs is abandoned after its deadline and holds up no other domain",
      "supervision/Supervisor.test.ts › a finalizer that throws is told and stops nobody else's",
      "supervision/Closing.test.ts › that exceeds shutdownTimeout is abandoned and logged, and the next generation waits until then: after a %s"
    ],
  "One pure function, `DomainStatus.transition`, holds this table.": [
    "model/DomainStatus.test.ts › $from, on $when, becomes $to._tag",
    "model/DomainStatus.test.ts › knows all pairs of a state and a trigger"
  ],
  "Every other change is an `IllegalTransition`.": [
    "model/DomainStatus.test.ts › $from does not take $when",
    "heartbeat/Transitions.test.ts › commits all transitions or none: one that the table does not have leaves no trace of the others"
  ],
  "A **gate** is open when three things hold: the activation tick is reached; every domain in `dependsOn` and `after` is active; every condition in `GateConditions` holds (by default there are none).":
    [
      "behaviour/Activation.test.ts › waits for the activation tick, and holds back those that depend on it until then, and only those",
      "supervision/GateCondition.test.ts › keeps a domain waiting, by name, until it holds, and opens the gate without another tick"
    ],
  "The tick that opens a gate comes through one ingress, `TickIngress`, which refuses and counts a tick that is not newer than the last.":
    [
      "heartbeat/TickIngress.test.ts › refuses and counts a tick that is not newer, wherever it comes from, and tells nobody of it",
      "Thunderline.test.ts › gives domains the reading sides of its services, and not the writing sides"
    ],
  "The supervisor executes all commands one after the other, in order.": [
    "supervision/Supervisor.test.ts › executes all commands one after the other, in the order in which they were given"
  ],
  "It belongs to no domain.": [
    "supervision/Operations.test.ts › a domain may ask for operations on others, what it depends on, and itself"
  ],
  "A domain may therefore ask for operations on other domains, on its dependencies and on itself.": [
    "supervision/Operations.test.ts › a domain may ask for operations on others, what it depends on, and itself"
  ],
  "An accepted operation is carried out even if its caller is interrupted.": [
    "supervision/Operations.test.ts › an accepted operation is carried out although its caller is interrupted"
  ]
}
