/** The simulated world for those who drive it themselves: the Control and the types that a Host consists of. `seedbed/runtime` has its engine. */
export { HostClock, type HostClockOptions, type WallFault } from "./clock.ts";
export { Control, type ControlOptions, type HostSpec } from "./control.ts";
export { Digest } from "./digest.ts";
export type { HostDiskOptions } from "./disk/host-disk.ts";
export type { Engine, HostGlobals } from "./engine.ts";
export * from "./host.ts";
export type * from "./kernel.ts";
export { type LifecycleChange, Machine, type MachineState } from "./machine.ts";
export { Network, type NetworkOptions } from "./net/network.ts";
export type { LinkProperties } from "./net/properties.ts";
export { Properties, type Uncaught, type Violation } from "./properties.ts";
export { Random } from "./random.ts";
export { formatTraceRecord, type TraceRecord } from "./trace.ts";
export {
  type Choice,
  type Reseed,
  SimulationError,
  type Stop,
  type Strategy,
  World,
  type WorldOptions,
} from "./world.ts";
