/** The TLA+ engine: checks specifications with TLC's semantics, and recorded runs against them. */
export {
  type ActionCoverage,
  type CheckOptions,
  type CheckResult,
  type CheckVerdict,
  checkSpecification,
  type FoundViolation,
} from "./checker/check.ts";
export {
  type Counterexample,
  counterexampleToItf,
  showCounterexample,
  type TraceState,
} from "./checker/counterexample.ts";
export type { Budget, Progress, ViolationKind } from "./checker/explore.ts";
export { checkNames } from "./checker/names.ts";
export { simulateSpecification, type SimulationOptions, type SimulationResult } from "./checker/simulate.ts";
export {
  type Call,
  describeError,
  describeRange,
  describeSpan,
  isStackOverflow,
  type Span,
  TlaError,
  type TlaErrorKind,
} from "./errors.ts";
export type { Surroundings } from "./eval/machine.ts";
export type { ModelSource } from "./eval/model.ts";
export { type Config, parseConfig } from "./syntax/config.ts";
export { parseModules } from "./syntax/parse-module.ts";
export type { Falsehood } from "./trace/explain.ts";
export type { EventMapping, Observation, ObservedChange, TraceMapping } from "./trace/mapping.ts";
export { type ModelName, modelValue, type PlainValue } from "./trace/plain.ts";
export { createTraceModel, type TraceModel } from "./trace/trace-model.ts";
export {
  startValidation,
  type TraceMismatch,
  type TraceResult,
  validateTrace,
  type Validation,
} from "./trace/validate.ts";
export { showValue } from "./values/print.ts";
export type { Value } from "./values/types.ts";
