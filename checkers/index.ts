/**
 * The public face of checkers/: histories in, verdicts out.
 */
export * from "./balancer/index.ts";
export { isLinearizable } from "./brute-force.ts";
export { type Budget, BudgetSpent, DEFAULT_BUDGET, Meter } from "./budget.ts";
export { CHECKERS, checkHistory, checkerFor, type CheckRequest } from "./check.ts";
export { type CheckOptions, CheckUsageError, type HistoryChecker } from "./checker.ts";
export * from "./crdt/index.ts";
export { checkDurability, type FinalContents } from "./durability.ts";
export { readHistoryJsonl, writeHistoryEvent, writeHistoryJsonl } from "./formats/history-jsonl.ts";
export {
  detectFormat,
  FORMATS,
  type FormatName,
  operationsOf,
  readHistory,
  type RecordedHistory,
} from "./formats/read-history.ts";
export {
  type EventType,
  type HistoryEvent,
  HistoryError,
  type Operation,
  pairOperations,
  type PlainJson,
} from "./history.ts";
export { jepsenCheckers } from "./jepsen/index.ts";
export { checkLinearizability, type LinearizabilityOptions } from "./linearizability.ts";
export * from "./membership/index.ts";
export type { Model } from "./model.ts";
export { dequeModel, priorityQueueModel, queueModel, stackModel } from "./models/containers.ts";
export { counterModel } from "./models/counter.ts";
export { monotonicIdsModel, uniqueIdsModel } from "./models/ids.ts";
export { kvAppendModel, kvAppendModelFor } from "./models/kv-append.ts";
export { mutexModel, semaphoreModel } from "./models/locks.ts";
export { logModel } from "./models/log.ts";
export { multiRegisterModel } from "./models/multi-register.ts";
export { casRegisterModel, kvModel, refineRegister, registerModel } from "./models/register.ts";
export { setModel } from "./models/set.ts";
export { type CheckerOptions, type NamedChecker, OptionError } from "./named-checker.ts";
export { RaftMonitor, type RaftStateRecord } from "./raft-monitor.ts";
export * from "./transactions/index.ts";
export {
  type Evidence,
  type Invalid,
  type Progress,
  type Unknown,
  type Valid,
  type Verdict,
  worstVerdict,
} from "./verdict.ts";
