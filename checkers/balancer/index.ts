/** The monitors of a load balancer. */
export { countMax, maxLoadOfTwoChoices } from "./load.ts";
export type * from "./record.ts";
export { TablesMonitor } from "./tables-monitor.ts";
export { type TrafficOptions, TrafficMonitor } from "./traffic-monitor.ts";
export { type TruthOptions, TruthMonitor } from "./truth-monitor.ts";
