export * as NodeMetrics from "../node/NodeMetrics.ts"
export * as SystemdNotify from "../node/SystemdNotify.ts"
export * as Client from "./Client.ts"
export * as ControlServer from "./ControlServer.ts"
