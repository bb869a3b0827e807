/** From what clients were told, and from what stores observed of themselves, to the records of the CRDT checkers. */
import { type Contents, parseContents } from "../checkers/crdt/contents.ts";
import type { Call, ReadRecord, ReplicaHistory, UpdateRecord } from "../checkers/crdt/record.ts";
import type { HistoryEvent, PlainJson } from "../checkers/history.ts";
import type { Clock } from "../systems/crdt/index.ts";

/** The value of a planned operation: which store is asked, and the argument of the call. */
export type Asked = {
  readonly at: string;
  readonly value?: PlainJson;
  /** The call speaks about what its process has read last, here or at another store; before the first read about the present. */
  readonly isOfRead?: true;
};

/** The result of an answered operation. */
export type Answered = {
  readonly id?: readonly [string, number] | null;
  readonly told?: PlainJson;
  readonly held: PlainJson;
  /** What the client had read that the call speaks about. */
  readonly observed?: PlainJson;
  /** The argument of the call in the words of what was read. */
  readonly asked?: PlainJson;
  readonly shown?: PlainJson;
  readonly state?: string;
  readonly trimmed?: string;
};

const READS = ["read", "final"];

export function isRead(f: string): boolean {
  return READS.includes(f);
}

export function callOf({ f, key, value }: Pick<HistoryEvent, "f" | "key" | "value">): Call {
  return { f, key: key ?? null, value: (value as Asked).value ?? null };
}

/** What clients know. Calls without an answer may be among the updates that reads hold. */
export function historyOfClients(events: readonly HistoryEvent[]): ReplicaHistory {
  const updates: UpdateRecord[] = [];
  const reads: ReadRecord[] = [];
  const open = new Map<number, HistoryEvent>();
  for (const event of events) {
    if (event.f === "agree") continue;
    if (event.type === "invoke") open.set(event.process, event);
    if (event.type === "fail") open.delete(event.process);
    if (event.type !== "ok") continue;
    open.delete(event.process);
    const { at } = event.value as Asked;
    const { id, told, held, shown, state, trimmed, observed, asked } = event.result as unknown as Answered;
    if (isRead(event.f)) {
      const value = shown ?? null;
      const contents = { holds: parseContents(held), state: state ?? null, trimmed: trimmed ?? "" };
      reads.push({ replica: at, ...contents, value, timeUs: event.timeUs });
    } else if (id !== null && id !== undefined) {
      const name = { actor: id[0], counter: id[1] };
      const call = asked === undefined ? callOf(event) : { ...callOf(event), value: asked };
      const seen = {
        saw: parseContents(held),
        ...(observed === undefined ? {} : { observed: parseContents(observed) }),
      };
      updates.push({ id: name, replica: at, call, told: told ?? null, ...seen });
    }
  }
  const unanswered = [...open.values()].filter(({ f }) => !isRead(f)).map(callOf);
  return { updates, unanswered, reads };
}

export function contentsOf(held: Clock): Contents {
  return new Map(held.dots().map(({ actor, counter }) => [actor, [1, counter]]));
}
