/**
 * Whether stores declined calls rightly. A store that does nothing and says so breaks no promise about updates, so no read shows it: a
 * remove of what is there must be made, and a move that makes no cycle may not be refused. The decision follows from what was held.
 */
import { covers } from "./contents.ts";
import type { CrdtSpec, DeclinedRecord, UpdateIndex } from "./record.ts";

/** What an operation replica answers when it lacks something that a call speaks about. */
const MISSING = "missing-dots";

/** Null when the store was right, or when what it held is not known whole; else a sentence. */
export function judgeDeclined(declined: DeclinedRecord, index: UpdateIndex, spec: CrdtSpec): string | null {
  const { saw, observed, error } = declined;
  if (error === MISSING && observed !== undefined)
    return covers(saw, observed) ? tell(declined, "held all of it") : null;
  const [held, spoken] = [index.within(saw), index.within(observed ?? saw)];
  if (held.unknown > 0 || spoken.unknown > 0 || !index.isClosed(saw)) return null;
  const wrong =
    spec.judgeDeclined === undefined
      ? `has a type whose calls all make an update`
      : spec.judgeDeclined(declined, { updates: held.known, spoken: spoken.known });
  return wrong === null ? null : tell(declined, wrong);
}

function tell({ replica, call, error }: DeclinedRecord, wrong: string): string {
  const what = [call.f, call.key, call.value === null ? null : JSON.stringify(call.value)].filter(
    (part) => part !== null,
  );
  const how = error === null ? "found nothing to do in" : `refused (${error})`;
  return `${replica} ${how} ${what.join(" ")}, though it ${wrong}.`;
}
