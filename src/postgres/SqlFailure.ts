import type { SqlError } from "effect/sql/SqlError"
import { type RepoError, RepoRejected, RepoUnavailable } from "../trail/Repo.ts"

/** What PostgreSQL said: its message, and its SQLSTATE where there is one. */
const cause = (error: SqlError): { readonly code: string; readonly detail: string } => {
  const inner = error.reason.cause
  const code = typeof inner === "object" && inner !== null && "code" in inner ? String(inner.code) : ""
  return { code, detail: inner instanceof Error && inner.message !== "" ? inner.message : error.message }
}

/** The SQLSTATE of a failure, or an empty string. */
export const sqlState = (error: SqlError): string => cause(error).code

/**
 * States of the server or of its set-up rather than of the rows that were sent: connection lost (08), credentials (28)
 * or privileges (42501) taken away, database, schema or table not there (3D000, 3F000, 42P01), read-only stand-by
 * (25006), deadlock and serialization (40), out of memory, disk or connections (53), object in use (55P03, 55006),
 * cancelled or shutting down (57), input and output failed (58).
 */
const passing = /^(08|28|40|53|57|58)|^(42501|3D000|3F000|42P01|25006|55P03|55006)$/

const passingReasons = new Set([
  "ConnectionError",
  "AuthenticationError",
  "AuthorizationError",
  "DeadlockError",
  "SerializationError",
  "LockTimeoutError",
  "StatementTimeoutError"
])

/**
 * Tells a database that is away from one that refuses. What time or an operator may repair is `RepoUnavailable`: the rows
 * are good and are kept to be sent again. Everything else is about the rows themselves.
 */
export const toRepoError = (operation: string) => (error: SqlError): RepoError => {
  const { code, detail } = cause(error)
  return passingReasons.has(error.reason._tag) || passing.test(code)
    ? new RepoUnavailable({ operation, detail, cause: error })
    : new RepoRejected({ operation, detail, cause: error })
}
