/**
 * The kinds of faults, and what each can leave behind. docs/faults.md describes them one by one.
 *
 * The class of harm decides where a fault may strike: what leaves lasting harm is charged to the budget by node, what no
 * system can detect happens only to nodes in quarantine (budget.ts).
 */

export const FAULT_KINDS = [
  "partition",
  "loss",
  "delay",
  "duplicate",
  "reorder",
  "corrupt",
  "hold",
  "slow-link",
  "kill",
  "power-loss",
  "pause",
  "wipe",
  "group-crash",
  "clock-step",
  "clock-drift",
  "clock-strobe",
  "clock-freeze",
  "clock-backward",
  "clock-rho",
  "disk-torn",
  "disk-lost-sync",
  "disk-failed-sync",
  "disk-rot",
  "disk-latent",
  "disk-misdirect",
  "disk-phantom",
  "disk-rollback",
  "disk-eio",
  "disk-full",
  "disk-short-read",
  "disk-stall",
  "disk-slow",
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export type FaultFamily = "network" | "process" | "clock" | "disk";

/** passing: all is well after the heal. The others leave lasting harm on the nodes that they strike. */
export type HarmClass = "passing" | "detectable" | "stop-worthy" | "undetectable";

const NETWORK_KINDS: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "partition",
  "loss",
  "delay",
  "duplicate",
  "reorder",
  "corrupt",
  "hold",
  "slow-link",
]);

const HARM: ReadonlyMap<FaultKind, HarmClass> = new Map<FaultKind, HarmClass>([
  ["disk-rot", "detectable"],
  ["disk-latent", "detectable"],
  ["disk-failed-sync", "stop-worthy"],
  ["wipe", "undetectable"],
  ["disk-lost-sync", "undetectable"],
  ["disk-misdirect", "undetectable"],
  ["disk-phantom", "undetectable"],
  ["disk-rollback", "undetectable"],
]);

export function familyOf(kind: FaultKind): FaultFamily {
  if (NETWORK_KINDS.has(kind)) return "network";
  if (kind.startsWith("clock-")) return "clock";
  return kind.startsWith("disk-") ? "disk" : "process";
}

/** A torn write is part of any power loss; garbage in synced bytes beside it is harm. */
export function harmOf(fault: { readonly kind: FaultKind; readonly reach?: string }): HarmClass {
  if (fault.kind === "disk-torn" && fault.reach === "sector") return "detectable";
  return HARM.get(fault.kind) ?? "passing";
}

export function isFaultKind(text: string): text is FaultKind {
  return (FAULT_KINDS as readonly string[]).includes(text);
}
