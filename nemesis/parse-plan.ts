/**
 * From JSON to a plan that the scenario can execute, or an error that says what to change. Nothing in a plan is ever silently
 * ignored: an unknown kind, field, host, group or target is an error, and so is a kind that the scenario cannot execute.
 */
import type { z } from "zod";
import { OPERATIONS } from "../sim/disk/service-queue.ts";
import { describeIssue, formatPath, showValue as show, suggestion, valueAt as at } from "./issue.ts";
import { FAULT_KINDS, type FaultKind } from "./kinds.ts";
import type { Fault, Plan, When } from "./plan.ts";
import { fieldsOf, planSchema } from "./plan-schema.ts";
import { nearest } from "./suggest.ts";
import { BUILT_IN_TARGETS, RANDOM_TARGETS } from "./targets.ts";

export type PlanContext = {
  /** Every host that a fault may name: nodes and clients. */
  readonly hosts: readonly string[];
  readonly groups: readonly string[];
  /** Targets that the scenario resolves, beside the built-in ones. */
  readonly targets: readonly string[];
  /** The kinds that the scenario can execute. */
  readonly kinds: readonly FaultKind[];
  /** How the scenario is called in messages. */
  readonly scenario?: string;
  /** The declared bound on drift; 200 if absent. clock-drift stays within it. */
  readonly driftPpmMax?: number;
  /** Where the plan came from, for messages; "plan.json" if absent. */
  readonly source?: string;
};

/** A plan that cannot be executed. The message says where, what, and what to do next. */
export class PlanError extends Error {
  /** "faults[2].hosts[0]"; empty for the plan itself. */
  readonly path: string;
  constructor(source: string, path: string, what: string, next: string) {
    super(`${source}: ${path === "" ? "" : `${path}: `}${what}\n${next}`);
    this.name = "PlanError";
    this.path = path;
  }
}

type Complain = (path: string, what: string, next: string) => never;

/** Throws PlanError for the first thing that is wrong. */
export function parsePlan(json: unknown, context: PlanContext): Plan {
  const complain: Complain = (path, what, next) => {
    throw new PlanError(context.source ?? "plan.json", path, what, next);
  };
  const result = planSchema.safeParse(json);
  if (!result.success) return complainAbout(result.error.issues[0]!, json, complain); // a failure has an issue
  result.data.faults.forEach((fault, index) => {
    checkFault(fault, `faults[${index}]`, context, complain);
  });
  return result.data;
}

/** The names of points that a scenario declares, by what they are points of. */
export type DeclaredPoints = { readonly [on in When["on"]]?: readonly string[] };

/**
 * Triggers of a plan that wait for a message, mark or state that the scenario does not declare in `faults.points`: they may exist
 * all the same, so that this is a warning and no error. Nothing is said of a sort of point that the scenario declares none of.
 */
export function undeclaredTriggers(plan: Plan, points: DeclaredPoints): string[] {
  return plan.faults.flatMap(({ when }, index) => {
    if (when === undefined || when.on === "disk") return [];
    const declared = points[when.on] ?? [];
    if (declared.length === 0 || declared.includes(when.name)) return [];
    const next = suggestion(when.name, declared, "It declares");
    return [
      `faults[${index}].when.name: the scenario declares no ${when.on} ${show(when.name)}. ${next.replace("It declares are", "It declares")}`,
    ];
  });
}

const SEE = "docs/plan.md lists the kinds and their fields.";
const FILL = "Fill it, or leave the field out.";

function complainAbout(issue: z.core.$ZodIssue, json: unknown, complain: Complain): never {
  const path = formatPath(issue.path);
  const found = at(json, issue.path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const key = issue.keys[0]!; // the issue is about at least one key
      const kind = at(json, [...issue.path.slice(0, 2), "kind"]);
      const fields = issue.path.length === 2 ? fieldsOf(kind) : ["format", "faults"];
      const of = issue.path.length === 2 ? ` of ${JSON.stringify(kind)}` : "";
      return complain(path, `unknown field ${JSON.stringify(key)}${of}.`, suggestion(key, fields, "Fields"));
    }
    case "invalid_union":
      if (found === undefined) return complain(path, "the kind of the fault is missing.", SEE);
      return complain(path, `unknown kind ${show(found)}.`, suggestion(String(found), FAULT_KINDS, "Kinds"));
    case "too_small":
      return complain(path, describeIssue(issue, found), found === undefined || typeof found === "number" ? SEE : FILL);
    default:
      return complain(path, describeIssue(issue, found), SEE);
  }
}

function checkFault(fault: Fault, path: string, context: PlanContext, complain: Complain): void {
  if (!context.kinds.includes(fault.kind)) {
    const scenario = context.scenario === undefined ? "this scenario" : `scenario ${JSON.stringify(context.scenario)}`;
    complain(
      `${path}.kind`,
      `${scenario} cannot execute ${JSON.stringify(fault.kind)}.`,
      context.kinds.length === 0
        ? "It has no faults: its faults.kinds is empty."
        : `It executes ${list(context.kinds)}.`,
    );
  }
  if ((fault.atUs === undefined) === (fault.when === undefined)) {
    const what = fault.atUs === undefined ? 'has neither "atUs" nor "when".' : 'has both "atUs" and "when".';
    complain(path, what, "A fault strikes at a time, or when a point is reached.");
  }
  checkNames(fault, path, context, complain);
  checkShape(fault, path, complain);
  checkMagnitude(fault, path, context, complain);
}

/** What a trigger on a disk can wait for: an operation, or the moment after it. */
const DISK_POINTS: readonly string[] = OPERATIONS.flatMap((name) => [name, `${name}-done`]);

function checkNames(fault: Fault, path: string, context: PlanContext, complain: Complain): void {
  const known = [...context.hosts, ...context.targets, ...BUILT_IN_TARGETS];
  const checkEntry = (entry: string, where: string): void => {
    if (context.hosts.includes(entry)) return;
    if (entry === "trigger") {
      if (fault.when === undefined)
        complain(where, `"trigger" means the host of a "when", and this fault has "atUs".`, SEE);
      return;
    }
    if (known.includes(entry)) return;
    const guess = nearest(entry, known);
    const targets = [...context.targets, ...BUILT_IN_TARGETS];
    const next =
      guess !== null && targets.includes(guess)
        ? `Did you mean ${JSON.stringify(guess)}?`
        : `Name one of these hosts or a target (${list(targets)}), or run the scenario with more nodes.`;
    complain(where, `no host ${JSON.stringify(entry)} (hosts are ${list(context.hosts)}).`, next);
  };
  const hosts = "hosts" in fault ? fault.hosts : undefined;
  hosts?.forEach((entry, i) => {
    checkEntry(entry, `${path}.hosts[${i}]`);
  });
  const links = "links" in fault ? fault.links : undefined;
  links?.forEach((entry, i) => {
    for (const side of entry.split(">")) checkEntry(side, `${path}.links[${i}]`);
  });
  const { when } = fault;
  if (when?.on === "disk" && !DISK_POINTS.includes(when.name)) {
    const next = suggestion(when.name, DISK_POINTS, "Operations");
    complain(`${path}.when.name`, `no disk operation ${show(when.name)}.`, next);
  }
  const target = when?.target;
  if (target !== undefined) {
    checkEntry(target, `${path}.when.target`);
    if (RANDOM_TARGETS.includes(target)) {
      const next = "A trigger watches a host, a target of the scenario, or all nodes.";
      complain(`${path}.when.target`, `${JSON.stringify(target)} is drawn anew each time.`, next);
    }
  }
  fault.groups?.forEach((group, i) => {
    if (context.groups.includes(group)) return;
    const groups = context.groups.length === 0 ? "it has none" : `groups are ${list(context.groups)}`;
    complain(
      `${path}.groups[${i}]`,
      `no group ${JSON.stringify(group)} (${groups}).`,
      "A scenario names its racks and zones as groups.",
    );
  });
  checkStruck(fault, path, context, complain);
}

function checkStruck(fault: Fault, path: string, context: PlanContext, complain: Complain): void {
  if (fault.struck === undefined) return;
  const { hosts, order, links, at } = fault.struck;
  const sides = (links ?? []).flatMap((entry) => entry.split(">"));
  for (const host of [...hosts, ...(order ?? []), ...sides, ...(at === undefined ? [] : [at.host])]) {
    if (context.hosts.includes(host)) continue;
    complain(
      `${path}.struck`,
      `no host ${JSON.stringify(host)} (hosts are ${list(context.hosts)}).`,
      'Remove "struck" to resolve the fault anew.',
    );
  }
  if ((at === undefined) !== (fault.when === undefined)) {
    complain(
      `${path}.struck`,
      `"at" belongs to a fault with "when", and only to one.`,
      'Remove "struck" to resolve the fault anew.',
    );
  }
}

function checkShape(fault: Fault, path: string, complain: Complain): void {
  const hasHosts = ("hosts" in fault && fault.hosts !== undefined) || fault.groups !== undefined;
  const links = "links" in fault ? fault.links : undefined;
  if (fault.kind === "partition") {
    checkPartition(fault, path, hasHosts, complain);
  } else if ("direction" in fault && fault.direction !== undefined && !hasHosts) {
    complain(`${path}.direction`, "a direction needs hosts or groups.", SEE);
  } else if (links !== undefined && hasHosts) {
    complain(path, `has both "links" and hosts or groups.`, "Links are exact; name one or the other.");
  } else if (!hasHosts && !isNetwork(fault)) {
    complain(path, `needs "hosts"${fault.kind === "group-crash" ? "" : ' or "groups"'}.`, SEE);
  }
}

function checkPartition(
  fault: Fault & { kind: "partition" },
  path: string,
  hasHosts: boolean,
  complain: Complain,
): void {
  const { shape } = fault;
  const allowed = {
    halves: { hosts: true, links: false, direction: false, clients: true },
    isolate: { hosts: true, links: false, direction: false, clients: true },
    "one-way": { hosts: true, links: false, direction: true, clients: true },
    bridge: { hosts: true, links: false, direction: false, clients: false },
    ring: { hosts: null, links: false, direction: false, clients: false },
    link: { hosts: false, links: true, direction: false, clients: false },
  }[shape];
  const demand = (isThere: boolean, isAllowed: boolean | null, field: string): void => {
    if (isAllowed === null || isThere === isAllowed) return;
    complain(path, `a partition of shape ${JSON.stringify(shape)} ${isAllowed ? "needs" : "has no"} ${field}.`, SEE);
  };
  demand(hasHosts, allowed.hosts, '"hosts" or "groups"');
  demand(fault.links !== undefined, allowed.links, '"links"');
  demand(fault.direction !== undefined, allowed.direction, '"direction"');
  if (fault.cutClients !== undefined) demand(true, allowed.clients, '"cutClients"');
}

function checkMagnitude(fault: Fault, path: string, context: PlanContext, complain: Complain): void {
  const boundPpm = context.driftPpmMax ?? 200;
  if (fault.kind === "clock-drift" && Math.abs(fault.driftPpm) > boundPpm) {
    complain(
      `${path}.driftPpm`,
      `${fault.driftPpm} is beyond the declared bound of ${boundPpm} ppm.`,
      "A clock-rho fault breaks the bound.",
    );
  }
  if (fault.kind === "slow-link") {
    const { bytesPerSecond, latencyTimes, capacityPackets } = fault;
    if (bytesPerSecond === undefined && latencyTimes === undefined && capacityPackets === undefined) {
      complain(path, 'needs one of "bytesPerSecond", "latencyTimes" and "capacityPackets".', SEE);
    }
  }
  if (fault.kind === "delay" && fault.correlationPerMillion !== undefined && fault.perMillion === undefined) {
    complain(`${path}.correlationPerMillion`, 'needs "perMillion".', "Without a rate every message is delayed.");
  }
  if (fault.kind === "delay" && (fault.minUs ?? 0) > fault.meanUs) {
    complain(`${path}.minUs`, `${fault.minUs} is above meanUs, which is ${fault.meanUs}.`, SEE);
  }
  if ((fault.kind === "clock-step" || fault.kind === "clock-strobe") && fault.byUs === 0) {
    complain(`${path}.byUs`, "0 moves no clock.", SEE);
  }
}

function isNetwork(fault: Fault): boolean {
  return (
    "links" in fault || ["loss", "delay", "duplicate", "reorder", "corrupt", "hold", "slow-link"].includes(fault.kind)
  );
}

function list(words: readonly string[]): string {
  return words.join(", ");
}
