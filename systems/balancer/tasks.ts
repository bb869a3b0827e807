/** What the publisher hears of the tasks of its node, in Mesos' words. */
import { compareText } from "../crdt/clock.ts";
import { type Backend, backendText, readVipLabel, type Protocol, vipText } from "./vip.ts";

export type TaskState =
  | "TASK_STAGING"
  | "TASK_STARTING"
  | "TASK_RUNNING"
  /** Asked to end: it serves what it has. */
  | "TASK_KILLING"
  | "TASK_UNREACHABLE"
  | "TASK_FINISHED"
  | "TASK_FAILED"
  | "TASK_KILLED"
  | "TASK_ERROR"
  | "TASK_LOST"
  | "TASK_DROPPED"
  | "TASK_GONE"
  | "TASK_GONE_BY_OPERATOR";

export type TaskPort = {
  readonly protocol: Protocol;
  readonly port: number;
  /** VIP_0, VIP_1, …: labels that ask for VIPs, see readVipLabel. */
  readonly labels: readonly string[];
  readonly weight: number;
};

export type Task = {
  readonly id: string;
  readonly framework: string;
  readonly state: TaskState;
  readonly address: string;
  readonly ports: readonly TaskPort[];
};

/** Where the publisher gets the tasks of its node. */
export type TaskSource = {
  /** All that run or ended not long ago. Rejects when the agent does not answer. */
  poll(): Promise<readonly Task[]>;
};

/** A state that no task leaves: nothing serves any more. Two of these were once forgotten (dcos/minuteman fc09608). */
const TERMINAL: ReadonlySet<TaskState> = new Set<TaskState>([
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
]);

export function isTerminal(state: TaskState): boolean {
  return TERMINAL.has(state);
}

/** A task that has started and not ended has its entries; one that is being killed drains. */
function hasEntries(state: TaskState): boolean {
  return !isTerminal(state) && state !== "TASK_STAGING" && state !== "TASK_STARTING";
}

/** An entry as text, `vip backend`: what publishers compare. */
export function entryText(vip: string, backend: string): string {
  return `${vip} ${backend}`;
}

export function splitEntry(entry: string): readonly [vip: string, backend: string] {
  const place = entry.indexOf(" ");
  return [entry.slice(0, place), entry.slice(place + 1)];
}

/** What these tasks of an agent ask for, sorted, without duplicates. Labels that ask for no VIP are handed to `onBadLabel`. */
export function entriesOf(
  agent: string,
  tasks: readonly Task[],
  onBadLabel: (label: string) => void,
): readonly string[] {
  const entries = new Set<string>();
  for (const task of tasks) {
    if (!hasEntries(task.state)) continue;
    for (const { protocol, port, labels, weight } of task.ports) {
      const backend: Backend = {
        agent,
        address: task.address,
        port,
        weight: task.state === "TASK_KILLING" ? 0 : weight,
      };
      for (const label of labels) {
        const vip = readVipLabel(label, { protocol, framework: task.framework });
        if (vip === null) onBadLabel(label);
        else entries.add(entryText(vipText(vip), backendText(backend)));
      }
    }
  }
  return [...entries].sort(compareText);
}
