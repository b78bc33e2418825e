import { Context, Effect, Layer } from "effect"
import { Domain, Thunderline } from "thunderline"

class Greeter extends Context.Service<Greeter, { readonly greet: (n: number) => Effect.Effect<void> }>()("Greeter") {
  static readonly layer = Layer.succeed(Greeter, { greet: (n) => Effect.log(`Hello, tick ${n}`) })
}

const greeter = Domain.make("greeter", { layer: Greeter.layer })

const visitor = Domain.make("visitor", {
  dependsOn: [greeter], // active only while greeter is, and may use its services
  layer: Layer.empty,
  onTick: (tick) => Greeter.use(({ greet }) => greet(tick.count))
})

export const domains = [greeter, visitor]

export default Thunderline.app({ domains }) // does not compile while a domain lacks a service
