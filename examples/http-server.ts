import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Context, Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { createServer } from "node:http"
import { Domain, Thunderline } from "thunderline"

class Orders extends Context.Service<Orders, { readonly count: Effect.Effect<number> }>()("Orders") {
  static readonly layer = Layer.succeed(Orders, { count: Effect.succeed(3) })
}

const count = Orders.use((orders) => Effect.map(orders.count, (n) => HttpServerResponse.text(`${n} orders`)))

const orders = Domain.make("orders", { layer: Orders.layer })

const port = Number(process.env["PORT"] ?? 3000)

/** Restarts with orders: for that time its port is refused. */
const shop = Domain.make("shop", {
  dependsOn: [orders],
  layer: HttpRouter.serve(HttpRouter.add("GET", "/orders", count)).pipe(
    Layer.provide(NodeHttpServer.layer(createServer, { port }))
  )
})

/** Listens all the time: while orders restarts, a request waits for at most a second. */
const status = Domain.make("status", {
  layer: HttpRouter.serve(HttpRouter.add(
    "GET",
    "/status",
    Domain.use(orders, count, { timeout: "1 second" }).pipe(
      Effect.catchTag(
        "DomainUnavailable",
        (error) => Effect.succeed(HttpServerResponse.text(error.message, { status: 503 }))
      )
    )
  )).pipe(Layer.provide(NodeHttpServer.layer(createServer, { port: port + 1 })))
})

NodeRuntime.runMain(Thunderline.launch(Thunderline.layer({ domains: [orders, shop, status], interval: "1 second" })))
