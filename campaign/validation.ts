/**
 * Runs against their specification: every protocol step that a scenario's mapping tells of is judged while the run goes on.
 *
 * Validation looks and never touches: a run has the same digest with and without it, except that a mismatch ends the run
 * early, as a monitor's violation does. Each run compiles its specification anew, so that no run depends on those before.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import type { Verdict } from "../checkers/verdict.ts";
import { invalidVerdict, unknownVerdict, validVerdict } from "../scenarios/checks.ts";
import type { Scenario, ScenarioContext, Specification } from "../scenarios/scenario.ts";
import type { Control } from "../sim/control.ts";
import { hashText } from "../sim/hash.ts";
import { createTraceModel, startValidation, type TraceMismatch, type TraceModel } from "../tla/index.ts";
import { UsageError } from "./errors.ts";
import { toolRoot } from "./sources.ts";

/** Which runs are validated: one in VALIDATED_ONE_IN, chosen by scenario and seed; all; or none. */
export type ValidationMode = "sampled" | "all" | "none";

/**
 * Validating a run of kv costs two to four and a half times what running it does (most where no fault holds the protocol
 * up): at this rate a campaign takes less than half as long again.
 */
export const VALIDATED_ONE_IN: number = 10;

/** The property that a mismatch violates. */
export const SPECIFICATION_PROPERTY = "specification";

/** What validation found in one run. */
export type ValidationResult = {
  /** The root module. */
  readonly module: string;
  readonly verdict: "valid" | "invalid" | "unknown";
  /** Protocol steps that were matched. */
  readonly steps: number;
  /** How often each action of the mapping was matched; all of them are there. */
  readonly matched: { readonly [action: string]: number };
  readonly mismatch: ValidationMismatch | null;
};

export type ValidationMismatch = {
  /** Position among the observations of the run, and in the simulation. */
  readonly index: number;
  readonly timeUs: number;
  readonly event: number;
  readonly step: string;
  /** The action of the specification that the step should have been. */
  readonly action: string;
  /** Where the first false conjunct stands: "line 97, column 6 of module Raft"; null when there is none to point at. */
  readonly at: string | null;
  readonly message: string;
};

/** Throws UsageError when all runs are to be validated and the modules are not there to do it. */
export function isValidated(mode: ValidationMode, scenario: Scenario, seed: string): boolean {
  const { specification } = scenario;
  if (mode === "none" || specification === undefined) return false;
  if (specificationFolder(specification) === null) {
    if (mode === "sampled") return false;
    throw new UsageError(
      `--validate all: there is no folder tla/specs/${specification.folder} here, which the specification of ${scenario.name} is in.`,
    );
  }
  return mode === "all" || hashText(`${scenario.name}/${seed}/specification`).lo % VALIDATED_ONE_IN === 0;
}

/** Whether runs of the scenario can be validated here. */
export function hasSpecification({ specification }: Scenario): boolean {
  return specification !== undefined && specificationFolder(specification) !== null;
}

/** The folder of the modules; null where a package was made without them. */
export function specificationFolder({ folder }: Specification): string | null {
  const roots = [toolRoot(), path.dirname(toolRoot())];
  return roots.map((root) => path.join(root, "tla", "specs", folder)).find((found) => fs.existsSync(found)) ?? null;
}

/** Texts of modules by path: they do not change while a process lives. */
const texts = new Map<string, string | undefined>();

function moduleText(folder: string, name: string): string | undefined {
  const file = path.join(folder, `${name}.tla`);
  if (!texts.has(file)) texts.set(file, fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined);
  return texts.get(file);
}

export type RunValidation = {
  result(): ValidationResult;
  verdict(): Verdict;
};

/**
 * The specification compiled for one run: values that runs make are kept by the model, so that no two should share it.
 * Throws TlaError for what cannot be read.
 */
export function specificationModel(specification: Specification, context: ScenarioContext): TraceModel {
  const folder = specificationFolder(specification);
  if (folder === null) throw new Error(`there is no folder tla/specs/${specification.folder}`);
  const load = (name: string): string | undefined => moduleText(folder, name);
  const source = { load, spec: specification.module, config: specification.config(context) };
  return createTraceModel(source, specification.mapping);
}

/**
 * Attaches the specification of a scenario to a run that is about to start. Throws TlaError for a specification that cannot
 * be read: that is an error of ours, not of the system.
 */
export function validateRun(
  specification: Specification,
  control: Control,
  context: ScenarioContext,
  onMismatch: () => void,
): RunValidation {
  const { module: spec } = specification;
  const validation = startValidation(specificationModel(specification, context));
  let stop: { readonly timeUs: number; readonly event: number } | null = null;
  // An error of ours must not be thrown into the system, which would be blamed for it.
  let failure: unknown;
  specification.observe(control, context, (observation) => {
    if (stop !== null) return;
    try {
      if (validation.observe(observation)) return;
    } catch (error) {
      failure = error;
    }
    stop = { timeUs: control.nowUs, event: control.world.eventCount };
    onMismatch();
  });
  const result = (): ValidationResult => {
    if (failure !== undefined) throw failure;
    const { verdict, steps, matched, mismatch } = validation.result();
    const found = mismatch === undefined ? null : describe(specification, mismatch, stop!);
    return { module: spec, verdict, steps, matched, mismatch: found };
  };
  return {
    result,
    verdict: () => {
      const { steps, mismatch } = result();
      const { reason } = validation.result();
      if (mismatch !== null) return invalidVerdict(SPECIFICATION_PROPERTY, steps, linesOf(spec, mismatch));
      return reason === undefined
        ? validVerdict(SPECIFICATION_PROPERTY, steps)
        : unknownVerdict(SPECIFICATION_PROPERTY, steps, reason);
    },
  };
}

function describe(
  { mapping }: Specification,
  { index, event: step, span, message, violated }: TraceMismatch,
  stop: { readonly timeUs: number; readonly event: number },
): ValidationMismatch {
  const mapped = mapping.events[step];
  const actions =
    mapped?.kind === "action" ? [mapped.action].flat() : mapped?.kind === "composed" ? mapped.actions : [];
  const at = span === undefined ? null : `line ${span.line}, column ${span.column} of module ${span.module}`;
  return { index, ...stop, step, action: violated ?? actions.join(" or "), at, message };
}

function linesOf(spec: string, mismatch: ValidationMismatch): string[] {
  const { timeUs, event, step, action, message } = mismatch;
  return [
    `at ${(timeUs / 1000).toFixed(3)} ms (event ${event}) the step "${step}" is not what ${spec} allows: ${action}`,
    message,
  ];
}
