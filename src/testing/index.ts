export * as EventLog from "./EventLog.ts"
export * as Fault from "./Fault.ts"
export * as Simulation from "./Simulation.ts"
export * as Ticks from "./Ticks.ts"
