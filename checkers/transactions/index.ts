/**
 * The public face of checkers/transactions.
 */
export { type Analysis, type AnalysisOptions, readAnalysisOptions } from "./analysis.ts";
export { readAwdit, readAwditEvents } from "./awdit-format.ts";
export { checkIsolation, ISOLATION_LEVELS, type IsolationLevel } from "./isolation.ts";
export { analyseListAppend, analyseListRecords } from "./list-append.ts";
export { anomaliesForbiddenBy, boundaryOf, impossibleModels, MODELS } from "./lattice.ts";
export type { TransactionRecords } from "./records.ts";
export { buildRecords, RecordsBuilder } from "./records-builder.ts";
export { transactionCheckers } from "./registry.ts";
export { analyseRegisterRecords, analyseRwRegister, readRegisterOptions } from "./rw-register.ts";
