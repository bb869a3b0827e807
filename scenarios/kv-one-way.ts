/**
 * Directed: a leader that can send but not receive, and one that can receive but not send. Half of a link is what real switches lose;
 * a leader that nobody answers must step down by itself, or its heartbeats keep everybody from electing another (TiKV issue 6254).
 */
import type { HistoryEvent } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import { invalidVerdict, unknownVerdict, validVerdict } from "./checks.ts";
import { kvScenario } from "./kv-base.ts";
import type { Scenario, SettingsSpec } from "./scenario.ts";

const NAME = "replaces-the-leader";
const CUT_US = 1_000_000;
const CUT_FOR_US = 2_600_000;
/** Step-down, election and the clients' retries, several times over. */
const RECOVERY_US_MAX = 1_800_000;

const SETTINGS: SettingsSpec = {
  nodes: { kind: "choice", of: [3, 5], about: "members of the group" },
  chaosUs: { kind: "choice", of: [3_200_000], about: "the cut heals shortly before its end" },
  pace: { kind: "choice", of: ["usual"], about: "writes are under way at any time: they show who leads" },
  hasCheckQuorum: { kind: "choice", of: [true], about: "without it a deaf leader would stay for ever" },
  hasPreVote: {
    kind: "choice",
    of: [true],
    about: "without it the deaf node, once deposed, disturbs every election that it cannot hear",
  },
  healing: { kind: "choice", of: ["all"], about: "every node is healed" },
  transferEveryUs: { kind: "choice", of: [0], about: "the lead changes for want of a quorum alone" },
  sessions: { kind: "choice", of: ["ample"], about: "no write is lost for want of a session" },
};

export const kvDeafLeader: Scenario = kvScenario({
  name: "kv-deaf-leader",
  title: "directed: a leader that sends but cannot receive",
  kinds: ["partition"],
  settings: SETTINGS,
  plan: () => cut("in"),
  checks: [{ name: NAME, check: ({ history }) => replacesTheLeader(history) }],
});

export const kvMuteLeader: Scenario = kvScenario({
  name: "kv-mute-leader",
  title: "directed: a leader that receives but cannot send",
  kinds: ["partition"],
  settings: SETTINGS,
  plan: () => cut("out"),
  checks: [{ name: NAME, check: ({ history }) => replacesTheLeader(history) }],
});

function cut(direction: "in" | "out"): unknown {
  const fault = { kind: "partition", shape: "one-way", direction, hosts: ["leader"], atUs: CUT_US, forUs: CUT_FOR_US };
  return { format: 1, faults: [fault] };
}

/** A write that was invoked long enough after the cut succeeds before the heal: somebody else leads. */
export function replacesTheLeader(history: readonly HistoryEvent[]): Verdict {
  const pending = new Map<number, HistoryEvent>();
  const healUs = CUT_US + CUT_FOR_US;
  let invokedCount = 0;
  for (const event of history) {
    if (event.type === "invoke") pending.set(event.process, event);
    const invoked = pending.get(event.process);
    // Everything but a read goes through the log; a compare-and-set that finds another value too.
    if (event.f === "get" || invoked === undefined) continue;
    const isJudged = invoked.timeUs > CUT_US + RECOVERY_US_MAX && invoked.timeUs < healUs;
    if (!isJudged) continue;
    if (event.type === "invoke") invokedCount += 1;
    if (event.type === "ok" && event.timeUs < healUs) return validVerdict(NAME, history.length);
  }
  const within = `${RECOVERY_US_MAX / 1000} ms after the leader was cut off in one direction`;
  if (invokedCount === 0)
    return unknownVerdict(NAME, history.length, `no write was invoked later than ${within} and before the heal`);
  return invalidVerdict(NAME, history.length, [`No write invoked later than ${within} succeeded before the heal.`]);
}
