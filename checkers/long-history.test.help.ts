/**
 * Long histories of an atomic object, for tests of how long a check takes: valid by construction, or with one answer swapped.
 *
 * Each client calls, waits for its effect, then for its return. A crashed operation never returns, takes effect or not,
 * and its client goes on under a new name, as in Jepsen.
 */
import type { Operation, PlainJson } from "./history.ts";
import type { Call } from "./random-history.test.help.ts";

export type LongHistoryOptions = {
  readonly seed: number;
  readonly operations: number;
  readonly clients: number;
  readonly crashedPercent: number;
  /** The `number`-th call; draws are uniform in [0, 1). */
  call(draw: () => number, number: number): Call;
  /** Applies a call to the object and answers. */
  apply(call: Call): PlainJson;
};

type Client = { process: number; at: "idle" | "called" | "done"; operation: number };

/** Mulberry32: a small generator of which nothing but repeatability is asked. */
export function drawer(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function longHistory(options: LongHistoryOptions): Operation[] {
  const draw = drawer(options.seed);
  const clients = Array.from(
    { length: options.clients },
    (_, process): Client => ({ process, at: "idle", operation: -1 }),
  );
  const made: { -readonly [K in keyof Operation]: Operation[K] }[] = [];
  let nextProcess = options.clients;
  let left = options.operations;
  for (let event = 0; left > 0; event += 1) {
    const client = clients[Math.floor(draw() * clients.length)]!;
    const crashes = draw() * 200 < options.crashedPercent;
    if (client.at === "idle") {
      if (made.length >= options.operations) {
        clients.splice(clients.indexOf(client), 1);
        continue;
      }
      const call = options.call(draw, made.length);
      client.operation = made.length;
      client.at = "called";
      made.push(pending(made.length, client.process, call, event));
      continue;
    }
    const operation = made[client.operation]!;
    if (crashes) {
      client.process = nextProcess;
      nextProcess += 1;
      operation.output = null;
    } else if (client.at === "called") {
      operation.output = options.apply(operation);
      client.at = "done";
      continue;
    } else {
      operation.isPending = false;
      operation.return = event;
    }
    client.at = "idle";
    left -= 1;
  }
  return made;
}

function pending(id: number, process: number, call: Call, event: number): Operation {
  const nothing = { key: undefined, output: null, callUs: -1, returnUs: -1 };
  return { ...nothing, id, process, f: call.f, input: call.input, isPending: true, call: event, return: Infinity };
}

/** The answers of two completed operations swapped: the first one that a test accepts from a place on, and the next. */
export function swapAnswers(
  operations: readonly Operation[],
  from: number,
  isGiven: (operation: Operation) => boolean,
  distance: number,
): Operation[] {
  const given = operations.filter((operation) => operation.id >= from && !operation.isPending && isGiven(operation));
  const [one, other] = [given[0]!, given[distance]!];
  return operations.map((operation) => {
    if (operation === one) return { ...operation, output: other.output };
    return operation === other ? { ...operation, output: one.output } : operation;
  });
}
