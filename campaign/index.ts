/** The package `seedbed`: how to write a scenario, and how to run one or many. */
export type { CampaignTotals, FailureReport, ScenarioReport, SpecificationReport } from "./aggregate.ts";
export {
  type CampaignEvent,
  type CampaignOptions,
  type CampaignReport,
  type PlannedRun,
  runCampaign,
} from "./campaign.ts";
export { type Cataloged, type ScenarioRef, type Selection, selectScenarios } from "./catalog.ts";
export { EXIT, UsageError } from "./errors.ts";
export { execute, resolveInput, run, type RunOptions } from "./execute.ts";
export { makeRepro, readRepro, type Repro } from "./repro.ts";
export type {
  FaultCounts,
  FaultWindow,
  OperationCounts,
  PropertyResult,
  ResolvedInput,
  RunInput,
  RunOutcome,
  RunResult,
  RunVerdict,
  Thrown,
} from "./result.ts";
export { type RunLine, Store } from "./store.ts";
export { VALIDATED_ONE_IN, type ValidationMismatch, type ValidationMode, type ValidationResult } from "./validation.ts";
export { type HistoryEvent, type Operation, type PlainJson, pairOperations } from "../checkers/history.ts";
export type { Evidence, Invalid, Unknown, Valid, Verdict } from "../checkers/verdict.ts";
export type { FaultKind, Plan, Unstruck } from "../nemesis/index.ts";
export {
  invalidVerdict,
  linearizable,
  type ModelOptions,
  satisfies,
  unknownVerdict,
  validVerdict,
} from "../scenarios/checks.ts";
export {
  type Check,
  type Client,
  type FaultPolicy,
  type Floors,
  type Limits,
  type Outcome,
  type PlannedOperation,
  type RunData,
  type Scenario,
  type ScenarioContext,
  scenario,
  type Setting,
  type Settings,
  type Specification,
  type SettingsSpec,
  type SettingValue,
  type Watch,
  type WatchOptions,
} from "../scenarios/scenario.ts";
export { SettingError } from "../scenarios/settings.ts";
export type { Control } from "../sim/control.ts";
export * from "../sim/host.ts";
export type { Random } from "../sim/random.ts";
export type { TraceRecord } from "../sim/trace.ts";
export { jsonCodec } from "../systems/json-codec.ts";
