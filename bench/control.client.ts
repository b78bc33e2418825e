/** The clients of the control benchmark, in a thread of their own: they ask as fast as they are answered, or follow. */
import { connect, type Socket } from "node:net"
import { parentPort, workerData } from "node:worker_threads"

/** What the thread is started with. */
export interface Work {
  readonly port: number
  readonly path: string
  readonly connections: number
  readonly kind: "ask" | "follow"
}

const { connections, kind, path, port } = workerData as Work
const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
let done = 0

/** Counts answers by their length, which the head of the first one tells. */
const ask = (socket: Socket) => {
  let left = 0
  socket.on("data", (data: Buffer) => {
    if (left === 0) {
      const head = data.indexOf("\r\n\r\n")
      left = head + 4 + Number(/content-length: (\d+)/i.exec(data.toString("latin1", 0, head))![1])
    }
    left -= data.length
    if (left > 0) return
    left = 0
    done++
    socket.write(request)
  })
  socket.write(request)
}

const follow = (socket: Socket) => {
  socket.on("data", (data: Buffer) => {
    done += data.length
  })
  socket.write(request)
}

const sockets = Array.from({ length: connections }, () => {
  const socket = connect(port, "127.0.0.1", () => (kind === "ask" ? ask : follow)(socket))
  return socket
})

parentPort!.on("message", (message) => {
  if (message === "count") parentPort!.postMessage(done)
  if (message === "end") {
    for (const socket of sockets) socket.destroy()
    process.exit()
  }
})
