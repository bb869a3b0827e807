/** The CRDT library: state-based, operation-based and delta-state forms of every type. See docs/crdt.md. */
export * from "./bounded-counter.ts";
export { DecodeError } from "./bytes.ts";
export * from "./clock.ts";
export * from "./counters.ts";
export * from "./crdt.ts";
export { DotContext } from "./dot-context.ts";
export { type Causal, causal, type DotStore } from "./dot-store.ts";
export * from "./dvv-set.ts";
export * from "./extremum-register.ts";
export { IdentifierList } from "./identifier-list.ts";
export type { IdentifierInsert, IdentifierOp } from "./identifier-run.ts";
export { checkLaws, type Draw, type HistoryUpdate, type LawSubject } from "./laws.ts";
export * from "./lists.ts";
export * from "./lww-register.ts";
export * from "./merkle-register.ts";
export * from "./move-tree.ts";
export type { MvOp, MvStore } from "./mv-store.ts";
export * from "./or-map.ts";
export * from "./or-set.ts";
export { OriginList } from "./origin-list.ts";
export type { DotRange, ListDelete, ListInsert, OriginOp, OriginRule } from "./origin-run.ts";
export * from "./read-context.ts";
export * from "./registers.ts";
export * from "./sets.ts";
export * from "./value-codec.ts";
export { causalContext, versionVector } from "./version-vector.ts";
export * from "./violation.ts";
export { KeyedReplica, type KeyedReplicaOptions } from "./replication/keyed-replica.ts";
export {
  REPLICA_KIND,
  type ReplicaRecord,
  UPDATE_KIND,
  type UpdateCounts,
  type UpdateId,
  type UpdateRecord,
} from "./replication/observation.ts";
export { OpReplica, type OpReplicaOptions } from "./replication/op-replica.ts";
export { Replica, type ReplicaOptions } from "./replication/replica.ts";
export type { TrimmingOptions } from "./replication/trimmer.ts";
