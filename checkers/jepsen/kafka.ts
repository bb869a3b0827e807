/**
 * A partitioned log (jepsen.tests.kafka): sends are kept in one order for each key, polls return it without gaps.
 *
 * Found: inconsistent-offsets (one offset, several values), duplicate (one value at several offsets), lost-write (an
 * acknowledged value below the highest polled offset that nobody polled), unexpected (polled, never sent), G1a (polled, sent
 * by a failed operation), precommitted-read (polled by the transaction that sent it), poll-skip and nonmonotonic-poll
 * (within an operation: int-…; between two of a process), nonmonotonic-send and int-nonmonotonic-send. Only counted: unseen
 * (acknowledged, above the highest polled offset), int-send-skip (others may write in between). A process that subscribes
 * may be given other partitions at any time: gaps between its polls are then no fault. Cycles are not searched here.
 */
import type { PlainJson } from "../history.ts";
import { demandKnownOptions, listOption, type NamedChecker, OptionError } from "../named-checker.ts";
import type { Verdict } from "../verdict.ts";
import { indexKafka, type KafkaIndex, type Poll, type Send } from "./kafka-index.ts";
import { type Call, conclude, nameCall, onCalls, type Violation } from "./support.ts";

const TYPES: readonly string[] = [
  "inconsistent-offsets",
  "duplicate",
  "lost-write",
  "unexpected",
  "G1a",
  "precommitted-read",
  "int-poll-skip",
  "poll-skip",
  "int-nonmonotonic-poll",
  "nonmonotonic-poll",
  "int-nonmonotonic-send",
  "nonmonotonic-send",
];

const OPTIONS = { allow: "kinds of errors that do not count, with commas between (none)" };

export const kafka: NamedChecker = {
  name: "kafka",
  summary: "a partitioned log: no message is lost, doubled, moved, skipped or seen before it is committed",
  options: OPTIONS,
  check(history, options) {
    demandKnownOptions(options, OPTIONS);
    const allowed = listOption(options, "allow") ?? [];
    for (const type of allowed) {
      if (!TYPES.includes(type))
        throw new OptionError(`option allow: no kind "${type}" (kinds are ${TYPES.join(", ")}).`);
    }
    return onCalls("kafka", history, (calls) => checkLog(calls, allowed));
  },
};

type Found = { readonly type: string; readonly violation: Violation };

function checkLog(calls: readonly Call[], allowed: readonly string[]): Verdict {
  const index = indexKafka(calls);
  const found: Found[] = [
    ...offsetErrors(index),
    ...valueErrors(index),
    ...lostWrites(index),
    ...pollOrderErrors(index, calls),
    ...sendOrderErrors(index),
  ];
  const counts: Record<string, number> = {};
  for (const { type } of found) counts[type] = (counts[type] ?? 0) + 1;
  const violations = found.filter(({ type }) => !allowed.includes(type)).map(({ violation }) => violation);
  const polled = index.polls.reduce((sum, poll) => sum + poll.messages.length, 0);
  const acknowledged = index.sends.filter((send) => send.call.outcome === "ok").length;
  const unknown = polled === 0 ? "nothing was polled" : undefined;
  const details: PlainJson = { counts, acknowledged, polled, unseen: countUnseen(index) };
  return conclude({ checker: "kafka", property: "a log", calls, violations, unknown, details });
}

function offsetErrors({ valuesAt, offsetsOf, polls, sends }: KafkaIndex): Found[] {
  const found: Found[] = [];
  const witnesses = (key: string, fits: (value: string, offset: number | undefined) => boolean): Call[] => [
    ...new Set([
      ...sends.filter((send) => send.key === key && fits(send.value, send.offset)).map(({ call }) => call),
      ...polls
        .filter((poll) => poll.key === key && poll.messages.some((one) => fits(one.value, one.offset)))
        .map(({ call }) => call),
    ]),
  ];
  for (const [key, offsets] of valuesAt) {
    for (const [offset, values] of offsets) {
      if (values.size < 2) continue;
      const sentence = `offset ${offset} of key ${key} holds several values: ${[...values].join(", ")}.`;
      found.push({
        type: "inconsistent-offsets",
        violation: { sentence, calls: witnesses(key, (_, at) => at === offset) },
      });
    }
  }
  for (const [key, values] of offsetsOf) {
    for (const [value, offsets] of values) {
      if (offsets.size < 2) continue;
      const sentence = `value ${value} of key ${key} is at several offsets: ${[...offsets].join(", ")}.`;
      found.push({ type: "duplicate", violation: { sentence, calls: witnesses(key, (one) => one === value) } });
    }
  }
  return found;
}

/** Values that nobody sent, that were aborted, or that a transaction saw of itself. */
function valueErrors({ sends, polls }: KafkaIndex): Found[] {
  const senders = new Map<string, Send>();
  for (const send of sends) {
    // A value may have been tried more than once: one try that may have succeeded explains it.
    const name = `${send.key} ${send.value}`;
    if (senders.get(name) === undefined || senders.get(name)!.call.outcome === "fail") senders.set(name, send);
  }
  const found: Found[] = [];
  for (const { call, key, messages } of polls) {
    for (const { value } of messages) {
      const send = senders.get(`${key} ${value}`);
      const what = `${nameCall(call)} polled ${value} of key ${key}`;
      if (send === undefined) {
        found.push({ type: "unexpected", violation: { sentence: `${what}, which nobody sent.`, calls: [call] } });
      } else if (send.call.outcome === "fail") {
        const violation = { sentence: `${what}, which a failed operation had sent.`, calls: [send.call, call] };
        found.push({ type: "G1a", violation });
      } else if (send.call === call) {
        const violation = { sentence: `${what}, which it sent itself and had not committed.`, calls: [call] };
        found.push({ type: "precommitted-read", violation });
      }
    }
  }
  return found;
}

function highestPolled({ polls }: KafkaIndex): Map<string, number> {
  const highest = new Map<string, number>();
  for (const { key, messages } of polls) {
    for (const { offset } of messages) highest.set(key, Math.max(offset, highest.get(key) ?? -1));
  }
  return highest;
}

function polledValues({ polls }: KafkaIndex): Set<string> {
  return new Set(polls.flatMap(({ key, messages }) => messages.map(({ value }) => `${key} ${value}`)));
}

function lostWrites(index: KafkaIndex): Found[] {
  const highest = highestPolled(index);
  const polled = polledValues(index);
  const found: Found[] = [];
  for (const { call, key, value, offset } of index.sends) {
    if (call.outcome !== "ok" || offset === undefined || offset >= (highest.get(key) ?? -1)) continue;
    if (polled.has(`${key} ${value}`)) continue;
    const sentence = `${value} was sent to key ${key} at offset ${offset} and acknowledged (${nameCall(call)}); polls reached offset ${highest.get(key)} and nobody saw it: it is lost.`;
    found.push({ type: "lost-write", violation: { sentence, calls: [call] } });
  }
  return found;
}

function countUnseen(index: KafkaIndex): number {
  const highest = highestPolled(index);
  const polled = polledValues(index);
  return index.sends.filter(
    ({ call, key, value, offset }) =>
      call.outcome === "ok" &&
      !polled.has(`${key} ${value}`) &&
      (offset === undefined || offset > (highest.get(key) ?? -1)),
  ).length;
}

type Last = { readonly rank: number; readonly poll: Poll };

/** Each poll of a process goes on where the one before ended, until the process is given other partitions. */
function pollOrderErrors(index: KafkaIndex, calls: readonly Call[]): Found[] {
  const subscribes = calls.some((call) => call.invoke.f === "subscribe" && call.outcome !== "fail");
  const resets = calls.filter((call) => ["assign", "subscribe", "crash"].includes(call.invoke.f));
  const found: Found[] = [];
  const lastOf = new Map<string, Last>();
  for (const poll of index.polls) {
    const name = `${poll.call.invoke.process} ${poll.key}`;
    const before = lastOf.get(name);
    const isReset = before !== undefined && resets.some((call) => isBetween(call, before.poll.call, poll.call));
    let last = isReset ? undefined : before;
    for (const { offset } of poll.messages) {
      const rank = index.rankOf.get(poll.key)!.get(offset)!; // every polled offset has a rank
      if (last !== undefined) {
        const isInternal = last.poll.call === poll.call;
        const error = stepError(rank - last.rank, isInternal, { poll, last });
        if (error !== undefined && (isInternal || !subscribes)) found.push(error);
      }
      last = { rank, poll };
    }
    if (last !== undefined) lastOf.set(name, last);
  }
  return found;
}

function isBetween(call: Call, before: Call, after: Call): boolean {
  const isSame = call.invoke.process === after.invoke.process;
  return isSame && call.invoke.index > before.invoke.index && call.invoke.index < after.invoke.index;
}

function stepError(delta: number, isInternal: boolean, { poll, last }: { poll: Poll; last: Last }): Found | undefined {
  if (delta === 1) return undefined;
  const prefix = isInternal ? "int-" : "";
  const where = isInternal
    ? `within ${nameCall(poll.call)}`
    : `between ${nameCall(last.poll.call)} and ${nameCall(poll.call)}`;
  const calls = [...new Set([last.poll.call, poll.call])];
  if (delta > 1) {
    const sentence = `polls of key ${poll.key} skip ${delta - 1} messages ${where}.`;
    return { type: `${prefix}poll-skip`, violation: { sentence, calls } };
  }
  const sentence = `polls of key ${poll.key} go back by ${-delta} messages ${where}.`;
  return { type: `${prefix}nonmonotonic-poll`, violation: { sentence, calls } };
}

/** The sends of a process to a key must lie in the log in the order in which it made them. */
function sendOrderErrors(index: KafkaIndex): Found[] {
  const found: Found[] = [];
  const lastOf = new Map<string, { readonly rank: number; readonly call: Call }>();
  for (const { call, key, value, offset } of index.sends) {
    if (call.outcome !== "ok") continue;
    const seen = offset ?? [...(index.offsetsOf.get(key)?.get(value) ?? [])][0];
    if (seen === undefined) continue;
    const rank = index.rankOf.get(key)!.get(seen)!; // a seen offset has a rank
    const name = `${call.invoke.process} ${key}`;
    const last = lastOf.get(name);
    if (last !== undefined && rank <= last.rank) {
      const type = last.call === call ? "int-nonmonotonic-send" : "nonmonotonic-send";
      const sentence = `${nameCall(call)} sent ${value} to key ${key} after another message, but the log holds it before that one.`;
      found.push({ type, violation: { sentence, calls: [...new Set([last.call, call])] } });
    }
    lastOf.set(name, { rank, call });
  }
  return found;
}
