/**
 * A scenario whose functions can be asked without harm: what they throw becomes a ScenarioError that names them, and what they return is
 * checked (answers.ts). Everything that executes a scenario asks it through here.
 */
import { isThenable } from "../nemesis/issue.ts";
import { DEFAULT_DISK_OPTIONS } from "../sim/disk/options.ts";
import { LINK_DEFAULT } from "../sim/net/properties.ts";
import { STREAM_DEFAULT } from "../sim/net/segment.ts";
import * as answers from "./answers.ts";
import type { Check, FaultPolicy, Scenario, ScenarioContext, Watch } from "./scenario.ts";
import { ScenarioError } from "./scenario-error.ts";

/** Asks, and says of whatever is thrown which function threw it. */
export function asked<T>(part: string, ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    if (error instanceof ScenarioError) throw error;
    throw new ScenarioError(part, null, error);
  }
}

/** No function of a scenario is async: nobody would wait for it. */
function requireNow<R>(answer: R, part: string): R {
  if (!isThenable(answer)) return answer;
  answer.then(undefined, () => {});
  throw new ScenarioError(part, "expected an answer at once, found a promise.");
}

/** A function that asks another one and checks its answer; `part` is how messages call it. */
function guard<A extends readonly unknown[], R>(
  part: string | ((...args: A) => string),
  ask: (...args: A) => R,
  check: (answer: R, part: string, args: A) => R = requireNow,
): (...args: A) => R {
  return (...args) => {
    const name = typeof part === "string" ? part : part(...args);
    return asked(name, () => check(ask(...args), name, args));
  };
}

/** The same scenario, guarded. */
export function guarded(scenario: Scenario): Scenario {
  const { node, client, operations, watch, specification } = scenario;
  return {
    ...scenario,
    node: guard("node()", node, (program, part) => {
      answers.requireFunction(program, part, "a program, which is a function of a host (node: () => program)");
      return program;
    }),
    client: guard("client()", client, answers.requireClient),
    operations: guard("operations()", operations, (list, part, [, { clients }]) =>
      answers.requireOperations(list, part, clients.length),
    ),
    faults: guardedFaults(scenario.faults),
    checks: scenario.checks.map(guardedCheck),
    ...(watch === undefined
      ? {}
      : {
          watch: guard("watch()", watch, (answer, part, [, context]) =>
            guardedWatch(answers.requireWatch(answer, part, scenario.targets ?? []), context),
          ),
        }),
    ...(specification === undefined
      ? {}
      : {
          specification: { ...specification, config: guard("specification.config()", specification.config) },
        }),
    ...guardedPlanning(scenario),
    ...guardedWorld(scenario),
  };
}

function guardedPlanning({ livenessOperations, finalOperations, plan }: Scenario): Partial<Scenario> {
  return {
    ...(livenessOperations === undefined
      ? {}
      : {
          livenessOperations: guard(
            (process) => `livenessOperations(${process})`,
            livenessOperations,
            (list, part, [, { clients }]) => answers.requireOperations(list, part, clients.length),
          ),
        }),
    ...(finalOperations === undefined
      ? {}
      : {
          finalOperations: guard("finalOperations()", finalOperations, (list, part, [{ clients }]) =>
            answers.requireOperations(list, part, clients.length),
          ),
        }),
    ...(plan === undefined ? {} : { plan: guard("plan()", plan) }),
  };
}

const NETWORK_FIELDS = { link: Object.keys(LINK_DEFAULT), stream: Object.keys(STREAM_DEFAULT) };
const DISK_FIELDS = Object.fromEntries(Object.keys(DEFAULT_DISK_OPTIONS).map((name) => [name, null]));

function guardedWorld({ network, disk, groups }: Scenario): Partial<Scenario> {
  return {
    ...(network === undefined
      ? {}
      : {
          network: guard("network()", network, (options, part) =>
            answers.requireOptions(options, part, NETWORK_FIELDS),
          ),
        }),
    ...(disk === undefined
      ? {}
      : { disk: guard("disk()", disk, (options, part) => answers.requireOptions(options, part, DISK_FIELDS)) }),
    ...(groups === undefined
      ? {}
      : {
          groups: guard("groups()", groups, (found, part, [{ nodes }]) => answers.requireGroups(found, part, nodes)),
        }),
  };
}

function guardedFaults(faults: FaultPolicy): FaultPolicy {
  const { lastingHarmMax } = faults;
  if (lastingHarmMax === undefined) return faults;
  return { ...faults, lastingHarmMax: guard("faults.lastingHarmMax()", lastingHarmMax, answers.requireCount) };
}

function guardedCheck({ name, check }: Check): Check {
  return { name, check: guard(`check ${JSON.stringify(name)}`, check, answers.requireVerdict) };
}

function guardedWatch(watch: Watch, { nodes, clients }: ScenarioContext): Watch {
  const hosts = new Set([...nodes, ...clients]);
  const targets = Object.entries(watch.targets ?? {}).map(
    ([name, target]) =>
      [
        name,
        guard(`watch().targets.${name}()`, target, (found, part) => answers.requireHosts(found, part, hosts)),
      ] as const,
  );
  return {
    targets: Object.fromEntries(targets),
    monitors: (watch.monitors ?? []).map((monitor) => ({
      name: monitor.name,
      verdict: guard(`monitor ${JSON.stringify(monitor.name)}`, () => monitor.verdict(), answers.requireVerdict),
    })),
    eventually: (watch.eventually ?? []).map((claim) => ({
      name: claim.name,
      withinUs: claim.withinUs,
      pending: guard(`eventually ${JSON.stringify(claim.name)}`, () => claim.pending(), answers.requirePending),
    })),
    counts: guard("watch().counts()", () => watch.counts?.() ?? {}, answers.requireCounts),
  };
}
