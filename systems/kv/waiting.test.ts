import fc from "fast-check";
import { expect, test } from "vitest";
import { type Waiting, WaitingClients } from "./waiting.ts";

const from = { host: "c1", port: 1 };
const waitingOf = (command: string, term: number, request: number): Waiting => ({ command, term, from, request });

test("a retry joins its own command in the same term, and its latest attempt is answered", () => {
  const clients = new WaitingClients();
  expect(clients.join(waitingOf("a", 1, 1))).toBe(false);
  clients.add(5, waitingOf("a", 1, 1));
  expect(clients.join(waitingOf("a", 2, 2))).toBe(false);
  expect(clients.join(waitingOf("a", 1, 2))).toBe(true);
  expect(clients.applied(5, 1)).toEqual({ answered: waitingOf("a", 1, 2), lost: [] });
  expect(clients.size).toBe(0);
});

test("a leader that leads again where its log was cut does not let a retry join what took its place", () => {
  const clients = new WaitingClients();
  clients.add(5, waitingOf("a", 1, 1));
  expect(clients.add(5, waitingOf("b", 3, 7))).toEqual([waitingOf("a", 1, 1)]);
  expect(clients.join(waitingOf("a", 3, 2))).toBe(false);
  expect(clients.applied(5, 3).answered).toEqual(waitingOf("b", 3, 7));
});

test("another leader's entry answers nobody, and an entry without a command leaves nobody behind", () => {
  const clients = new WaitingClients();
  clients.add(5, waitingOf("a", 1, 1));
  clients.add(6, waitingOf("b", 1, 1));
  // Index 5 got the empty entry of term 2, which no state machine hears of.
  expect(clients.applied(6, 2)).toEqual({ answered: null, lost: [waitingOf("a", 1, 1), waitingOf("b", 1, 1)] });
  expect(clients.size).toBe(0);
});

test("a command that is proposed again has one place, and a restored snapshot leaves none", () => {
  const clients = new WaitingClients();
  clients.add(5, waitingOf("a", 1, 1));
  expect(clients.add(9, waitingOf("a", 2, 2))).toEqual([]);
  expect(clients.size).toBe(1);
  expect(clients.applied(5, 1).answered).toBe(null);
  clients.clear();
  expect([clients.size, clients.join(waitingOf("a", 2, 3))]).toEqual([0, false]);
});

test("whoever is answered proposed that command at that index in that term, whatever happens", () => {
  const step = fc.record({
    kind: fc.constantFrom("add", "join", "applied"),
    command: fc.constantFrom("a", "b", "c"),
    index: fc.integer({ min: 1, max: 4 }),
    term: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const clients = new WaitingClients();
      /** The log: what was proposed last at each index. */
      const log = new Map<number, { readonly command: string; readonly term: number }>();
      steps.forEach(({ kind, command, index, term }, request) => {
        const waiting = waitingOf(command, term, request);
        if (kind === "add") {
          clients.add(index, waiting);
          log.set(index, waiting);
        } else if (kind === "join") {
          const isThere = [...log.values()].some((entry) => entry.command === command && entry.term === term);
          if (clients.join(waiting)) expect(isThere).toBe(true);
        } else {
          const { answered } = clients.applied(index, term);
          if (answered !== null) expect(log.get(index)).toMatchObject({ command: answered.command, term });
        }
      });
    }),
    { numRuns: 500 },
  );
});
