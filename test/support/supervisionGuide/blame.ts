/** Sentences of docs/supervision.md, and the tests that show each: the file in test, then its title or a row of its table. */
export const blame: Readonly<Record<string, ReadonlyArray<string>>> = {
  "These are laws.": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
    "behaviour/RandomApplications.test.ts › 2,000 random graphs, policies, faults and operations break no law and take every edge at least 20 times"
  ],
  "They hold for every construct of Effect that forks: streams, pools, caches, `RcMap`, `LayerMap`, `FiberSet`, `FiberMap`, `FiberHandle`, request resolvers, HTTP servers, managed runtimes, and a Thunderline inside a domain.":
    [
      "behaviour/BlameConstructs.test.ts › what is handled is quiet, what is background work crashes",
      "behaviour/forkGrammar.ts › layer FiberSet",
      "behaviour/forkGrammar.ts › layer FiberMap",
      "behaviour/forkGrammar.ts › layer FiberHandle",
      "behaviour/forkingConstructs.ts › a stream merged, buffered and grouped in a request, caught",
      "behaviour/forkingConstructs.ts › Pool.get, caught",
      "behaviour/forkingConstructs.ts › Cache.get, caught",
      "behaviour/forkingConstructs.ts › RcMap.get, caught",
      "behaviour/forkingConstructs.ts › LayerMap.get, caught",
      "behaviour/forkingConstructs.ts › a request that its resolver fails, caught",
      "behaviour/forkingConstructs.ts › ManagedRuntime.runPromise, caught",
      "behaviour/forkingConstructs.ts › a nested Thunderline whose domain crashes",
      "supervision/HttpAnswers.test.ts › is no warning and no crash of a domain that serves in %s"
    ],
  "A failure that somebody awaits, joins, catches or answers never crashes a domain, wherever the fiber was forked.": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
    "behaviour/BlameConstructs.test.ts › what is handled is quiet, what is background work crashes",
    "supervision/Supervisor.test.ts › a child fiber that is joined is the joiner's business",
    "supervision/HttpAnswers.test.ts › is no warning and no crash where the request handled the failure of a fiber that it forked"
  ],
  "A domain crashes when its background work fails and nobody awaits it.": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
    "behaviour/BlameConstructs.test.ts › what is handled is quiet, what is background work crashes",
    "supervision/Supervisor.test.ts › a fiber that the layer forked in its scope crashes its domain, a detached one does not"
  ],
  "What cannot be told apart is logged at ERROR and counted.": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
    "supervision/FiberFailureLog.test.ts › logs each place of a domain once a minute, counts every failure, and says how many were not logged",
    "supervision/FiberBlame.test.ts › is logged with the domain, the tick and the innermost Effect.fn, or else the span: %s"
  ],
  "It is neither silent nor a crash, but for what is listed under \"What cannot be known\".": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
    "behaviour/RandomApplications.test.ts › 2,000 random graphs, policies, faults and operations break no law and take every edge at least 20 times"
  ],
  "An interruption counts as a failure of a worker or of `onTick` unless the end of its domain asked for it, and of other background work unless anybody asked for it.":
    [
      "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
      "behaviour/forkGrammar.ts › interrupts itself",
      "behaviour/forkGrammar.ts › takes from a queue that is shut down",
      "behaviour/forkGrammar.ts › is asked to stop",
      "supervision/Generation.test.ts › that %s crashes its domain",
      "supervision/Generation.test.ts › interrupts itself",
      "supervision/Generation.test.ts › is interrupted by another fiber",
      "supervision/Generation.test.ts › that the end of its domain interrupts has not failed, nor has onTick",
      "supervision/TickDispatcher.test.ts › takes an interruption that the generation's end did not cause for a failure"
    ],
  "An HTTP request that was answered with an error is no failure of the domain.": [
    "supervision/HttpAnswers.test.ts › is no warning and no crash of a domain that serves in %s"
  ],
  "**Background work** is:": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws"
  ],
  "a **worker**; one that is `permanent` must not end either;": [
    "supervision/Generation.test.ts › that %s crashes its domain",
    "supervision/Supervisor.test.ts › a worker may end, unless it is permanent"
  ],
  "a fiber in the **scope of the domain's layer**: `Effect.forkScoped`, `Effect.forkIn` and `Fiber.runIn`, in the build or later, by whichever fiber calls the service; also in the scope of a `Layer.fresh` or `Layer.tap`, in the build;":
    [
      "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
      "behaviour/forkGrammar.ts › layer scope",
      "behaviour/forkGrammar.ts › layer scope by runIn",
      "behaviour/forkGrammar.ts › callback",
      "behaviour/forkGrammar.ts › dependant",
      "behaviour/forkingConstructs.ts › forkScoped of the build",
      "behaviour/forkingConstructs.ts › a method that forks into its layer's scope",
      "behaviour/forkingConstructs.ts › Layer.fresh",
      "behaviour/forkingConstructs.ts › Layer.tap"
    ],
  "an entry of a **`FiberSet`, `FiberMap` or `FiberHandle`** that the layer made, while nobody joins the set.": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
    "behaviour/forkGrammar.ts › layer FiberSet",
    "behaviour/forkGrammar.ts › layer FiberMap",
    "behaviour/forkGrammar.ts › layer FiberHandle",
    "behaviour/forkGrammar.ts › join the set"
  ],
  "Everything else is a child of some fiber, is detached, or lives in a scope of its own such as a request's.": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
    "behaviour/forkGrammar.ts › child",
    "behaviour/forkGrammar.ts › detached",
    "behaviour/forkGrammar.ts › nested scope"
  ],
  "When it fails and nobody looks, it is logged.": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
    "behaviour/forkGrammar.ts › nobody"
  ],
  "The log names the domain, the tick and the place where the fiber was forked: the innermost `Effect.fn`, or else the span.":
    [
      "supervision/FiberBlame.test.ts › is logged with the domain, the tick and the innermost Effect.fn, or else the span: %s"
    ],
  "Each place is logged once a minute, with the number of failures that were not logged since.": [
    "supervision/FiberFailureLog.test.ts › logs each place of a domain once a minute, counts every failure, and says how many were not logged"
  ],
  "The metric `thunderline.domain.fiber.failures` counts them all.": [
    "supervision/FiberFailureLog.test.ts › logs each place of a domain once a minute, counts every failure, and says how many were not logged"
  ],
  "A fiber that has failed may still be joined.": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
    "behaviour/forkGrammar.ts › join half a second later"
  ],
  "Background work is judged when the fiber that forked it has ended and the domain is active, and after one second at the latest.":
    [
      "supervision/FiberBlame.test.ts › crashes the domain when the fiber that forked it has ended, and after one second at the latest",
      "supervision/FiberBlame.test.ts › of the build crashes the domain only when it is active, and after one second at the latest"
    ],
  "Everything else is logged after one second; when more than 16 failures of one place wait for that, the next ones are logged at once.":
    [
      "supervision/FiberBlame.test.ts › and is no background work is logged after one second, beyond 16 of one place at once"
    ],
  "**`onTick`** crashes its domain when it fails, and when the domain is silent: it left `maxMissedTicks` ticks unanswered.":
    [
      "supervision/Supervisor.test.ts › a failing onTick crashes the domain and nobody else",
      "supervision/Supervisor.test.ts › takes a domain for dead after maxMissedTicks unanswered ticks and restarts it"
    ],
  "Ticks reach a domain one at a time.": [
    "supervision/TickDispatcher.test.ts › calls a busy domain no second time, and hands it the newest when it is done; the rest is counted",
    "supervision/TickDispatcher.test.ts › whatever the ticks and the calls take: one at a time, newest first, none lost uncounted, silence told exactly once"
  ],
  "While `onTick` is busy, only the newest tick waits.": [
    "supervision/TickDispatcher.test.ts › calls a busy domain no second time, and hands it the newest when it is done; the rest is counted",
    "supervision/TickDispatcher.test.ts › whatever the ticks and the calls take: one at a time, newest first, none lost uncounted, silence told exactly once"
  ],
  "Earlier ones are skipped and counted.": [
    "supervision/TickDispatcher.test.ts › calls a busy domain no second time, and hands it the newest when it is done; the rest is counted",
    "supervision/TickDispatcher.test.ts › whatever the ticks and the calls take: one at a time, newest first, none lost uncounted, silence told exactly once"
  ],
  "Silence is measured in ticks that were delivered and not answered, never in seconds.": [
    "supervision/TickDispatcher.test.ts › is healthy, then suspect with one tick unanswered, then silent; an answer makes it healthy again",
    "supervision/Supervisor.test.ts › takes no domain for silent to which no tick comes, however long its call takes",
    "supervision/Supervisor.test.ts › a slow domain that answers now and then is not silent"
  ],
  "It is not measured while the heartbeat itself is late by more than half an interval: a blocked event loop must not crash a domain.":
    [
      "supervision/TickDispatcher.test.ts › passes no verdict while the heartbeat itself is late by more than half an interval",
      "supervision/Supervisor.test.ts › passes no verdict while the heartbeat itself is late",
      "cli/commands/start.test.ts › a synchronous loop of two seconds makes no other domain silent"
    ],
  "A stream that the build runs in the layer's own scope by `Stream.broadcast` or a buffered `Stream.toPull` hands its failure to its readers, and then its fiber fails.":
    [
      "behaviour/BlameConstructs.test.ts › what is handled is quiet, what is background work crashes",
      "behaviour/forkingConstructs.ts › Stream.broadcast in the build, caught",
      "behaviour/forkingConstructs.ts › Stream.toPull of a buffered stream in the build, caught"
    ],
  "By `Stream.toPubSub` it ends its readers, and then its fiber fails.": [
    "behaviour/BlameConstructs.test.ts › what is handled is quiet, what is background work crashes",
    "behaviour/forkingConstructs.ts › Stream.toPubSub in the build, caught by a subscriber"
  ],
  "That looks like a loop that died: the domain crashes.": [
    "behaviour/BlameConstructs.test.ts › what is handled is quiet, what is background work crashes",
    "behaviour/forkingConstructs.ts › a stream that the build runs in its scope",
    "behaviour/forkingConstructs.ts › Stream.broadcast in the build, caught"
  ],
  "Run such a stream in a request, or in a scope of its own.": [
    "behaviour/BlameConstructs.test.ts › what is handled is quiet, what is background work crashes",
    "behaviour/forkingConstructs.ts › Stream.toPubSub in a request",
    "behaviour/forkingConstructs.ts › Stream.broadcast in a request, caught",
    "behaviour/forkingConstructs.ts › Stream.toPull in a request, caught",
    "behaviour/forkingConstructs.ts › Stream.toPubSub in the build in a scope of its own, caught by a subscriber",
    "behaviour/forkingConstructs.ts › Stream.broadcast in the build in a scope of its own, caught",
    "behaviour/forkingConstructs.ts › Stream.toPull of a buffered stream in the build in a scope of its own, caught"
  ],
  "The fiber of a `ScopedCache` look-up and of a resolver that dies hands its failure on and then fails.": [
    "behaviour/BlameConstructs.test.ts › what is handled is quiet, what is background work crashes",
    "behaviour/forkingConstructs.ts › ScopedCache.get, caught",
    "behaviour/forkingConstructs.ts › a resolver that dies, caught"
  ],
  "It is logged, although somebody has handled it.": [
    "behaviour/BlameConstructs.test.ts › what is handled is quiet, what is background work crashes",
    "behaviour/forkingConstructs.ts › ScopedCache.get, caught",
    "behaviour/forkingConstructs.ts › a resolver that dies, caught"
  ],
  "A fiber that fails at its first step, before it has entered the scope, is nobody's: `startImmediately` into a scope, or `Fiber.runIn` after `Effect.runForkWith`.":
    [
      "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
      "behaviour/forkGrammar.ts › layer scope at once",
      "behaviour/forkGrammar.ts › layer scope by runIn",
      "behaviour/forkGrammar.ts › fails at once"
    ],
  "It is logged.": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
    "behaviour/forkGrammar.ts › layer scope at once",
    "behaviour/forkGrammar.ts › layer scope by runIn",
    "behaviour/forkGrammar.ts › fails at once"
  ],
  "A join that comes more than one second after the failure comes too late.": [
    "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
    "behaviour/forkGrammar.ts › join after the second"
  ],
  "What runs outside of every scope and every context of the domain is not seen: `Effect.runFork` without the domain's context, `runFork` of a `ManagedRuntime`, and the fibers of a caller of `Domain.use` that is outside of the domains.":
    [
      "behaviour/BlameConstructs.test.ts › what is handled is quiet, what is background work crashes",
      "behaviour/forkingConstructs.ts › Effect.runFork without the domain's context",
      "behaviour/forkingConstructs.ts › ManagedRuntime.runFork",
      "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws",
      "behaviour/forkGrammar.ts › use"
    ],
  "A worker does not depend on any of this: its failure is always the domain's.": [
    "supervision/Generation.test.ts › that %s crashes its domain",
    "supervision/Generation.test.ts › fails at its first step",
    "supervision/Generation.test.ts › fails, and another fiber joins and catches it"
  ],
  "Write background work as workers where you can.": [
    "supervision/Generation.test.ts › that %s crashes its domain"
  ]
}
