/** Sentences of docs/supervision.md, and the tests that show each: the file in test, then its title or a row of its table. */
export const services: Readonly<Record<string, ReadonlyArray<string>>> = {
  "`Domain.use(domain, effect)` runs an effect with a domain's services:": [
    "supervision/DomainUse.test.ts › waits while the domain is on its way",
    "supervision/DomainUse.test.ts › hands on the failures, and the interruption, of what it runs"
  ],
  "It waits while the domain is on its way to active, for at most `timeout` if one is given.": [
    "supervision/DomainUse.test.ts › waits while the domain is on its way",
    "supervision/DomainUse.test.ts › waits for at most its time-out"
  ],
  "It fails with `DomainUnavailable` if the domain does not become active by itself.": [
    "supervision/DomainUse.test.ts › fails at once when the domain is inactive, and those that wait are told",
    "supervision/DomainUse.test.ts › fails at once when the domain is crashed for good, or blocked by such a one"
  ],
  "It uses exactly one generation.": [
    "supervision/DomainUse.test.ts › a use ends with its generation, before the scope closes, and the next one gets the next"
  ],
  "When that leaves `active`, the effect is interrupted, and the use fails with `DomainUnavailable`.": [
    "supervision/DomainUse.test.ts › a use ends with its generation, before the scope closes, and the next one gets the next"
  ],
  "It returns within the domain's `shutdownTimeout` of that, whatever the effect does.": [
    "supervision/DomainUseBounds.test.ts › by an effect that %s returns within shutdownTimeout of a %s",
    "supervision/DomainUseBounds.test.ts › returns within shutdownTimeout however long the domains that depend on it take"
  ],
  "What has not ended then is abandoned: its fiber goes on alone, and the log says so.": [
    "supervision/DomainUseBounds.test.ts › by an effect that %s returns within shutdownTimeout of a %s",
    "supervision/DomainUseBounds.test.ts › leaves no child behind that its caller would wait for"
  ],
  "`DomainUnavailable` has the failure behind it as `cause`: of the domain that is crashed or restarts, or of the generation that ended.":
    [
      "supervision/DomainUseBounds.test.ts › says why the generation ended, and why the domain is not there"
    ],
  "`effect.pipe(Domain.provide(domain))` is the same in a pipe.": [
    "supervision/DomainUse.test.ts › is the same in a pipe"
  ],
  "Do not return the service out of `use`, and do not detach a fiber in it: both escape this guarantee.": [
    "supervision/DomainUse.test.ts › is escaped by a service that is returned and by a fiber that is detached"
  ],
  "Serve HTTP in a domain's `layer`, with Effect's own server:": [
    "docs.test.ts › shows an HTTP server that is a file of the examples, word for word",
    "docs.test.ts › shows an HTTP server that answers in both ways, and exits 0 after SIGTERM"
  ],
  "| `orders` restarts | the server restarts with it | the server keeps running |": [
    "supervision/HttpServing.test.ts › serves keep-alive clients again within 2.5 s when the database %s, and never with a closed one",
    "supervision/HttpServing.test.ts › refuses no connection while the database restarts, crashes or is inactive, and uses no closed one"
  ],
  "| connections meanwhile | are refused: with default time-outs at most 2.5 seconds, and as long as `orders` takes to start | are accepted |":
    [
      "supervision/HttpServing.test.ts › serves keep-alive clients again within 2.5 s when the database %s, and never with a closed one",
      "supervision/HttpServing.test.ts › is not there: connections are refused until the database is active again",
      "supervision/HttpServing.test.ts › refuses no connection while the database restarts, crashes or is inactive, and uses no closed one"
    ],
  "| requests meanwhile | fail | wait, for at most `timeout` if one is given |": [
    "supervision/HttpServing.test.ts › is not there: connections are refused until the database is active again",
    "supervision/HttpServing.test.ts › refuses no connection while the database restarts, crashes or is inactive, and uses no closed one",
    "supervision/DomainUse.test.ts › waits for at most its time-out"
  ],
  "| `orders` is inactive or crashed for good | the server is not there | requests fail with `DomainUnavailable`; answer 503 |":
    [
      "supervision/HttpServing.test.ts › is not there: connections are refused until the database is active again",
      "supervision/HttpServing.test.ts › refuses no connection while the database restarts, crashes or is inactive, and uses no closed one",
      "supervision/DomainUse.test.ts › fails at once when the domain is crashed for good, or blocked by such a one"
    ],
  "Either way no request is answered with the services of a closed generation.": [
    "supervision/HttpServing.test.ts › serves keep-alive clients again within 2.5 s when the database %s, and never with a closed one",
    "supervision/HttpServing.test.ts › refuses no connection while the database restarts, crashes or is inactive, and uses no closed one"
  ],
  "**The end of a generation.** The server stops listening at once, and the next generation can listen on the same port.":
    [
      "supervision/HttpServing.test.ts › is %s: a request under way has that long, then it is answered with 503; idle connections are closed at once",
      "supervision/HttpServing.test.ts › serves keep-alive clients again within 2.5 s when the database %s, and never with a closed one"
    ],
  "Idle connections are closed.": [
    "supervision/HttpServing.test.ts › is %s: a request under way has that long, then it is answered with 503; idle connections are closed at once"
  ],
  "A request under way has a fifth of the domain's `shutdownTimeout`, which is 2 of the default 10 seconds, and its response says `Connection: close`.":
    [
      "supervision/HttpServing.test.ts › is %s: a request under way has that long, then it is answered with 503; idle connections are closed at once",
      "supervision/HttpServing.test.ts › do not delay the next generation by %d ms: streams, WebSockets, what nobody reads, what was never asked"
    ],
  "Then it is interrupted and answered with 503, and all connections are closed: streams, WebSockets and clients that never read do not delay the next generation.":
    [
      "supervision/HttpServing.test.ts › is %s: a request under way has that long, then it is answered with 503; idle connections are closed at once",
      "supervision/HttpServing.test.ts › do not delay the next generation by %d ms: streams, WebSockets, what nobody reads, what was never asked"
    ],
  "A shorter `gracefulShutdownTimeout` of `NodeHttpServer` holds.": [
    "supervision/HttpServing.test.ts › is %s: a request under way has that long, then it is answered with 503; idle connections are closed at once",
    "supervision/HttpServing.test.ts › a shorter one that is given",
    "supervision/HttpServing.test.ts › do not delay the next generation by %d ms: streams, WebSockets, what nobody reads, what was never asked"
  ],
  "For more time raise `shutdownTimeout`.": [
    "supervision/HttpServing.test.ts › is %s: a request under way has that long, then it is answered with 503; idle connections are closed at once",
    "supervision/HttpServing.test.ts › a fifth of the domain's shutdownTimeout"
  ],
  "A generation that exceeds `shutdownTimeout`, for example in `onDeactivate`, is abandoned.": [
    "supervision/HttpServing.test.ts › %s answers nothing once its database is closed, and leaves the port to the next",
    "supervision/HttpServing.test.ts › in onDeactivate"
  ],
  "Its server then closes its connections, answers with nothing but 503, and leaves the port to the next generation.": [
    "supervision/HttpServing.test.ts › %s answers nothing once its database is closed, and leaves the port to the next",
    "supervision/HttpServing.test.ts › answers no first request of a connection either"
  ],
  "Build the server in the layer.": [
    "supervision/HttpServing.test.ts › is not bounded: its requests keep the generation until shutdownTimeout"
  ],
  "None of this reaches a server that a worker builds with `Layer.launch`.": [
    "supervision/HttpServing.test.ts › is not bounded: its requests keep the generation until shutdownTimeout"
  ],
  "**Traces.** Each request is a trace of its own, and so is whatever else begins after the activation: the spans of loops and streams that the layer forks have no parent in the activation's trace, unless they run in a span that is still open.":
    [
      "telemetry/ActivationTrace.test.ts › is a root where it is a request to a server that the layer serves, also while the domain activates",
      "telemetry/ActivationTrace.test.ts › is a trace of its own without its tick, wherever it was forked and under whichever ended span (%s activation)",
      "telemetry/ActivationTrace.test.ts › stays under a span that was begun in the activation and is still open",
      "otel/ActivationTraces.test.ts › gives each request a trace of its own, and the activation what belongs to it"
    ],
  "Their log lines have the domain, but neither the activation's span nor its tick.": [
    "telemetry/ActivationTrace.test.ts › is a trace of its own without its tick, wherever it was forked and under whichever ended span (%s activation)",
    "telemetry/ActivationTrace.test.ts › is a root where it is a request to a server that the layer serves, also while the domain activates"
  ],
  "Log lines and spans of the layer and of `onActivate` belong to the activation.": [
    "telemetry/ActivationTrace.test.ts › is in its trace and has its tick: the layer, what the layer forks, and onActivate"
  ],
  "**Failures.** A failure that is answered, such as a 404 or a 500, is no warning and does not crash the domain.": [
    "supervision/HttpAnswers.test.ts › is no warning and no crash of a domain that serves in %s"
  ],
  "**One instance of a layer.** Each generation has a memo map of its own.": [
    "supervision/Generation.test.ts › has a new scope and a new memo map: its layer is built anew, and once"
  ],
  "The same layer value in two domains is therefore two instances: two pools, two logins.": [
    "supervision/SharedLayers.test.ts › is built once in each domain, also where it is separate and used twice there"
  ],
  "When a second domain builds a layer that holds something, Thunderline logs a warning, once for each layer, that names both domains (`thunderline.layer.built_again`).":
    [
      "supervision/SharedLayers.test.ts › that %s is told once, with both domains and what to do",
      "supervision/SharedLayers.test.ts › is told for each layer that holds something, where domains share several"
    ],
  "A layer holds something if building it suspends, or leaves a finalizer or a fiber in its scope.": [
    "supervision/SharedLayers.test.ts › that %s is told once, with both domains and what to do",
    "supervision/SharedLayers.test.ts › leaves a finalizer",
    "supervision/SharedLayers.test.ts › leaves a fiber",
    "supervision/SharedLayers.test.ts › suspends",
    "supervision/SharedLayers.test.ts › that %s is not told"
  ],
  "To share one instance, make the layer a domain of its own and depend on it, or provide it around `Thunderline.layer`.":
    [
      "supervision/SharedLayers.test.ts › is one instance where it is provided around the application, or a domain that the others depend on"
    ],
  "Where each domain shall have its own, say so with `Domain.separate(layer)` or `Layer.fresh(layer)`.": [
    "supervision/SharedLayers.test.ts › that %s is not told",
    "supervision/SharedLayers.test.ts › is fresh",
    "supervision/SharedLayers.test.ts › is separate"
  ],
  "`test/behaviour` runs 2,000 random applications (graphs, policies, faults, operations) in virtual time and checks laws for each: every transition is in the table; no domain is active while a dependency is not; no service is used after its generation; no due tick is missed; every domain that can become active does; the same seed gives the same events.":
    [
      "behaviour/RandomApplications.test.ts › 2,000 random graphs, policies, faults and operations break no law and take every edge at least 20 times"
    ],
  "The slow suite runs 4,000, and plants nine bugs, one at a time, which the laws must find.": [
    "slow/plantedBugs.test.ts › finds the bug planted: ${name}",
    "slow/plantedBugs.test.ts › dependants left active",
    "slow/plantedBugs.test.ts › budget never reset",
    "slow/plantedBugs.test.ts › tick answered twice",
    "slow/plantedBugs.test.ts › calls under way left to a closed generation",
    "slow/plantedBugs.test.ts › restart after shutdown",
    "slow/plantedBugs.test.ts › joins not seen",
    "slow/plantedBugs.test.ts › forks into the layer's scope not seen",
    "slow/plantedBugs.test.ts › sets not seen",
    "slow/plantedBugs.test.ts › every interruption taken for an order"
  ],
  "Every combination of a grammar of forks (which fiber forks, into what, who looks and when, how it ends: more than 7,000) is judged by the laws in one test.":
    [
      "behaviour/Blame.test.ts › every combination of ${combinations.length} forks is judged by the laws"
    ],
  "2,000 random outages of 1 s to 30 min, in virtual time, check the sentence about 40 s: graphs of several domains, several services that are away at once, activations that fail at once or late, hang, or cannot be interrupted.":
    [
      "behaviour/Outages.test.ts › is ready within 40 s of their return, or has ended with 70: 2,000 outages"
    ],
  "Each time the program is ready in time, or has ended with exit code 70.": [
    "behaviour/Outages.test.ts › is ready within 40 s of their return, or has ended with 70: 2,000 outages"
  ],
  "`test/slow` does the same with ten outages of a TCP server in real time.": [
    "slow/outages.test.ts › is ready within 40 s of its return: 10 outages of 1 to 10 s, in five programs",
    "slow/outages.test.ts › has ended with 70 where its domain has a limit of restarts"
  ]
}
