import { existsSync, readFileSync, statSync } from "node:fs"
import { chown } from "node:fs/promises"
import * as StateFolder from "../../node/StateFolder.ts"

/** Whom the server runs as; empty for this user. */
export interface ServerUser {
  readonly uid?: number
  readonly gid?: number
}

/** This user, or under root the owner of the data, else `postgres`, else `nobody`: PostgreSQL refuses to run as root. */
export const of = (data: string): ServerUser => {
  if (!StateFolder.isRoot) return {}
  if (existsSync(data)) {
    const { gid, uid } = statSync(data)
    if (uid !== 0) return { uid, gid }
  }
  const users = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"))
  const user = users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody")
  return user === undefined ? { uid: 65534, gid: 65534 } : { uid: Number(user[2]) >>> 0, gid: Number(user[3]) >>> 0 }
}

/** Gives a folder to the user. */
export const own = async (folder: string, { gid, uid }: ServerUser): Promise<void> => {
  if (uid !== undefined && gid !== undefined) await chown(folder, uid, gid)
}
