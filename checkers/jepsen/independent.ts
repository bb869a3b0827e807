/**
 * Lifts a checker of one object to many: each key is judged alone, and the worst verdict is given, with its key.
 *
 * The key is the event's own, or the first of a pair that the value holds, as Jepsen's independent tests write it.
 */
import type { HistoryEvent, PlainJson } from "../history.ts";
import { booleanOption, demandKnownOptions, type NamedChecker } from "../named-checker.ts";
import { eventsLookIndependent, INDEPENDENT } from "../independent.ts";
import { keyText } from "../formats/jepsen.ts";
import { worstVerdict } from "../verdict.ts";
import { unknownOf } from "./support.ts";

export function perKey(checker: NamedChecker): NamedChecker {
  const declared = { ...checker.options, ...INDEPENDENT };
  return {
    ...checker,
    options: declared,
    check(history, options, budget) {
      demandKnownOptions(options, declared);
      const { independent, ...rest } = options;
      const looksSo = eventsLookIndependent(history);
      const isTuple = booleanOption(independent === undefined ? {} : { independent }, "independent", looksSo);
      const byKey = splitByKey(history, isTuple);
      if (byKey === undefined) return unknownOf(checker.name, history.length, "a value is no [key, value] pair");
      if (byKey.size === 0) return checker.check(history, rest, budget);
      const verdicts = [...byKey].map(([key, events]) => ({ key, verdict: checker.check(events, rest, budget) }));
      const worst = worstVerdict(verdicts.map(({ verdict }) => verdict))!; // there is at least one key
      const operations = verdicts.reduce((sum, { verdict }) => sum + verdict.operations, 0);
      const key = verdicts.find(({ verdict }) => verdict === worst)!.key;
      if (worst.kind === "valid")
        return byKey.size === 1 ? worst : { ...worst, operations, details: { keys: byKey.size } };
      if (worst.kind === "unknown") return { ...worst, operations, reason: `key ${key}: ${worst.reason}` };
      if (byKey.size === 1 && key === NO_KEY) return worst;
      const lines = [`Key ${key}:`, ...worst.evidence.lines].slice(0, 10);
      return { ...worst, operations, evidence: { ...worst.evidence, lines } };
    },
  };
}

const NO_KEY = "(none)";

/** Undefined when a value is no pair although pairs were announced. */
function splitByKey(history: readonly HistoryEvent[], isTuple: boolean): Map<string, HistoryEvent[]> | undefined {
  const byKey = new Map<string, HistoryEvent[]>();
  for (const event of history) {
    let key = event.key ?? NO_KEY;
    let split = event;
    if (isTuple) {
      if (!Array.isArray(event.value) || event.value.length !== 2) return undefined;
      const [first, second] = event.value as readonly PlainJson[];
      key = keyText(first!);
      split = { ...event, value: second! };
    }
    const events = byKey.get(key);
    if (events === undefined) byKey.set(key, [split]);
    else events.push(split);
  }
  return byKey;
}
