/** The nemesis: plans as data, what executes them, and what draws them. */
export {
  FAULT_KINDS,
  type FaultFamily,
  type FaultKind,
  familyOf,
  type HarmClass,
  harmOf,
  isFaultKind,
} from "./kinds.ts";
export { type DeclaredPoints, type PlanContext, PlanError, parsePlan, undeclaredTriggers } from "./parse-plan.ts";
export type * from "./plan.ts";
export type { MissCode } from "./strike.ts";
export { planSchema } from "./plan-schema.ts";
export { BUILT_IN_TARGETS, type TargetResolvers } from "./targets.ts";
export { type FaultStats, type FaultWindow, Nemesis, type NemesisOptions, type Unstruck } from "./nemesis.ts";
export { type DirectedOptions, directedPlan } from "./directed.ts";
export { type GenerateOptions, generatePlan } from "./generate.ts";
