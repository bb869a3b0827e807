/** The scenarios that come with the tool, in the order in which `list` shows them. */
import { balancer, balancerGrey } from "./balancer.ts";
import { crdtCounters } from "./crdt-counters.ts";
import { crdtLists } from "./crdt-lists.ts";
import { crdtMaps } from "./crdt-maps.ts";
import { crdtMerkle } from "./crdt-merkle.ts";
import { crdtSets } from "./crdt-sets.ts";
import { crdtTree } from "./crdt-tree.ts";
import { kv, kvCalm, kvClocks, kvCrashes, kvDisk, kvPartitions } from "./kv.ts";
import { kvCutVoters } from "./kv-cut-voters.ts";
import { kvTransfers } from "./kv-transfers.ts";
import { kvDeafLeader, kvMuteLeader } from "./kv-one-way.ts";
import { lessonEarlyAckLog } from "./lesson-early-ack-log.ts";
import { lessonStaleRead } from "./lesson-stale-read.ts";
import { lessonWallClockLock } from "./lesson-wall-clock-lock.ts";
import { membership, membershipChurn, membershipLarge, membershipPartitions, membershipWipe } from "./membership.ts";
import type { Scenario } from "./scenario.ts";

export const scenarios: readonly Scenario[] = [
  kv,
  kvPartitions,
  kvCrashes,
  kvDisk,
  kvClocks,
  kvCalm,
  kvDeafLeader,
  kvMuteLeader,
  kvCutVoters,
  kvTransfers,
  crdtCounters,
  crdtSets,
  crdtMaps,
  crdtLists,
  crdtTree,
  crdtMerkle,
  balancer,
  balancerGrey,
  membership,
  membershipPartitions,
  membershipChurn,
  membershipWipe,
  membershipLarge,
  lessonStaleRead,
  lessonWallClockLock,
  lessonEarlyAckLog,
];
