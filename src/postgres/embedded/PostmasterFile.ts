import { execFileSync } from "node:child_process"
import { readFileSync, readlinkSync, realpathSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** What a PostgreSQL server writes about itself into `postmaster.pid` of its data folder. */
export interface PostmasterFile {
  readonly pid: number
  readonly socketFolder: string
  readonly status: "starting" | "stopping" | "ready" | "standby" | undefined
}

/** Reads the file; `undefined` when there is none, or one that is just being written. */
export const read = (data: string): PostmasterFile | undefined => {
  let lines: ReadonlyArray<string>
  try {
    lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw error
  }
  const pid = Number(lines[0])
  return Number.isInteger(pid) && pid > 0
    ? { pid, socketFolder: lines[4] ?? "", status: lines[7]?.trim() as PostmasterFile["status"] }
    : undefined
}

/**
 * Whether a process is the PostgreSQL server of a data folder, and not another one that was given the same number: a
 * server's working directory is its data folder.
 */
export const isServer = (pid: number, data: string): boolean => {
  try {
    return process.platform === "linux"
      ? readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data)
      : execFileSync("ps", ["-p", String(pid), "-o", "command="], { encoding: "utf8" }).includes(data)
  } catch {
    return false
  }
}

/**
 * Makes the file of a dead server harmless. PostgreSQL refuses to start while a process of that number lives, whatever
 * program it is, but treats its own parent's number as stale. Removing the file would also remove the key by which it
 * finds the dead server's shared memory.
 */
export const disown = (data: string): void => {
  const path = join(data, "postmaster.pid")
  const [, ...rest] = readFileSync(path, "utf8").split("\n")
  writeFileSync(path, [String(process.pid), ...rest].join("\n"))
}
