/** Watches what the replicas of the store answer to the entries of their log, besides what is watched of the Raft group. */
import { type KvAppliedRecord, KvStoreMonitor } from "../checkers/kv-store-monitor.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { Control } from "../sim/control.ts";
import type { SessionLimits } from "../systems/kv/sessions.ts";
import { verdictOfSentences } from "./checks.ts";
import type { Watch, WatchOptions } from "./scenario.ts";

const NAME = "kv.answer-follows-log";

/** `watch`, and the monitor of the store. */
export function withStoreMonitor(watch: Watch, control: Control, limits: SessionLimits, options: WatchOptions): Watch {
  if (!options.hasMonitors) return watch;
  const monitor = new KvStoreMonitor(limits);
  control.world.onObservation("kv.applied", (host, _incarnation, data) => {
    // What a node in quarantine makes of a disk that lied reaches nobody.
    if (control.quarantined.has(host)) return;
    const violated = monitor.violations.length;
    monitor.applied(data as KvAppliedRecord);
    if (monitor.violations.length > violated) options.onViolation();
  });
  const verdict = (): Verdict => verdictOfSentences(NAME, monitor.violations);
  return { ...watch, monitors: [...(watch.monitors ?? []), { name: NAME, verdict }] };
}
