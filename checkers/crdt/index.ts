/** The checkers of replicated data types. */
export { type Contents, covers, keyOfContents, parseContents, type UpdateId } from "./contents.ts";
export { counterSpec, extremumSpec } from "./counters.ts";
export { judgeDeclined } from "./declined.ts";
export { DurabilityMonitor, type DurabilityRecord } from "./durability.ts";
export { keyedSpec } from "./keyed.ts";
export { findBrokenLaw, type Lattice } from "./lattice.ts";
export { type Interleaving, listSpec } from "./lists.ts";
export {
  mapOfCountersSpec,
  mapOfFlagsSpec,
  mapOfMapsSpec,
  mapOfRegistersSpec,
  mapOfSetsSpec,
} from "./maps.ts";
export { merkleSpec } from "./merkle.ts";
export type {
  Call,
  CrdtSpec,
  DeclinedRecord,
  DeclinedView,
  ReadRecord,
  ReplicaHistory,
  UpdateRecord,
  View,
} from "./record.ts";
export { ReplicaMonitor, type ReplicaStep } from "./replica-monitor.ts";
export { checkReplicas } from "./replicas.ts";
export {
  concurrentValuesSpec,
  disableWinsSpec,
  enableWinsSpec,
  gSetSpec,
  lwwSpec,
  orSetSpec,
  twoPhaseSetSpec,
} from "./sets.ts";
export { moveTreeSpec } from "./tree.ts";
