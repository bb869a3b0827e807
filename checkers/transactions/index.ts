/**
 * The public face of checkers/transactions.
 */
export { type Analysis, type AnalysisOptions, readAnalysisOptions } from "./analysis.ts";
export { analyseListAppend } from "./list-append.ts";
export { anomaliesForbiddenBy, boundaryOf, impossibleModels, MODELS } from "./lattice.ts";
export { transactionCheckers } from "./registry.ts";
export type { MicroOp } from "./types.ts";
