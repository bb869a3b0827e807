/**
 * Directed: the lead is handed over again and again while nothing fails (Raft thesis, section 3.10). The member that was named leads next, in
 * the next term, within an election timeout; nobody else ever does, and clients notice nothing but a retry.
 */
import type { HistoryEvent } from "../checkers/history.ts";
import type { RaftStateRecord } from "../checkers/raft-monitor.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { Control } from "../sim/control.ts";
import { invalidVerdict, unknownVerdict, validVerdict } from "./checks.ts";
import { kvScenario } from "./kv-base.ts";
import { watchRaft } from "./kv-watch.ts";
import type { Scenario, ScenarioContext, SettingsSpec, Watch, WatchOptions } from "./scenario.ts";

const NAME = "hands-over";

const SETTINGS: SettingsSpec = {
  nodes: { kind: "choice", of: [3, 5], about: "members of the group" },
  latencyUs: { kind: "integer", min: 200, max: 1_500, isLogarithmic: true, about: "mean one-way latency of a link" },
  electionTimeoutUsMin: {
    kind: "integer",
    min: 120_000,
    max: 180_000,
    about: "long against the slowest packets, so that no member has a reason of its own to give the leader up",
  },
  transferEveryUs: { kind: "choice", of: [150_000, 400_000], about: "pauses between transfers, on average" },
  sessions: { kind: "choice", of: ["ample"], about: "no write is lost for want of a session" },
  hasFaults: { kind: "choice", of: [false], about: "nothing fails" },
  healing: { kind: "choice", of: ["all"], about: "nothing has to be healed" },
};

export const kvTransfers: Scenario = kvScenario({
  name: "kv-transfers",
  title: "directed: the lead is handed over, and nothing fails",
  kinds: [],
  settings: SETTINGS,
  watch: watchTransfers,
  checks: [{ name: "operations-complete", check: ({ history }) => operationsComplete(history) }],
});

/** The leader of `term` agreed to hand over to the member `to`. */
type Transfer = { readonly host: string; readonly term: number; readonly to: number; readonly atUs: number };

function watchTransfers(control: Control, context: ScenarioContext, options: WatchOptions): Watch {
  const watch = watchRaft(control, context, options);
  if (!options.hasMonitors) return watch;
  const withinUs = 2 * Number(context.settings["electionTimeoutUsMin"]);
  const violations: string[] = [];
  let pending: Transfer | null = null;
  let leadingTerm = 0;
  let completed = 0;
  const violate = (message: string): void => {
    violations.push(message);
    options.onViolation();
  };
  control.world.onObservation("kv.transfer", (host, _incarnation, data) => {
    pending = { host, ...(data as { readonly term: number; readonly to: number }), atUs: control.nowUs };
  });
  control.world.onObservation("raft.state", (host, _incarnation, data) => {
    const { role, term, node } = data as RaftStateRecord;
    if (role !== "leader" || term <= leadingTerm) return;
    const isFirst = leadingTerm === 0;
    leadingTerm = term;
    if (isFirst) return;
    if (pending === null)
      violate(`${host} leads in term ${term}, though the leader before was asked to hand over to nobody.`);
    else if (node !== pending.to || term !== pending.term + 1)
      violate(
        `${pending.host} agreed in term ${pending.term} to hand over to n${pending.to}; ${host} leads in term ${term}.`,
      );
    else if (control.nowUs - pending.atUs > withinUs)
      violate(
        `${host} took ${(control.nowUs - pending.atUs) / 1000} ms to lead after ${pending.host} agreed to hand over.`,
      );
    else completed += 1;
    pending = null;
  });
  const verdict = (): Verdict => {
    if (violations.length > 0) return invalidVerdict(NAME, 0, [violations[0]!]);
    if (pending !== null && control.nowUs - pending.atUs > withinUs)
      return invalidVerdict(NAME, 0, [
        `${pending.host} agreed to hand over to n${pending.to}, which never came to lead.`,
      ]);
    return completed === 0 ? unknownVerdict(NAME, 0, "no transfer was completed") : validVerdict(NAME, completed);
  };
  return { ...watch, monitors: [...(watch.monitors ?? []), { name: NAME, verdict }] };
}

function operationsComplete(history: readonly HistoryEvent[]): Verdict {
  const name = "operations-complete";
  for (const { type, f, key, process } of history) {
    if (type === "invoke" || type === "ok") continue;
    return invalidVerdict(name, history.length, [
      `${f} ${key} of process ${process} was ${type}, though nothing failed.`,
    ]);
  }
  return validVerdict(name, history.length);
}
