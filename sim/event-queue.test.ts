import fc from "fast-check";
import { expect, test } from "vitest";
import { EventQueue, type QueuedEvent } from "./event-queue.ts";

type Naive = { id: number; timeUs: number; tie: number; sequence: number; name: number };

const order = (tieKey: number): number => (tieKey * 7) % 5;

function emptyEvent(): QueuedEvent<number, null> {
  return { id: 0, timeUs: 0, tieKey: 0, sequence: 0, isSync: false, kind: 0, owner: null, a: null, b: null };
}

const commands = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("push" as const), timeUs: fc.nat(20), tie: fc.nat(4) }),
    fc.record({ do: fc.constant("pop" as const) }),
    fc.record({ do: fc.constant("cancel" as const), which: fc.nat(40) }),
    fc.record({ do: fc.constant("move" as const), which: fc.nat(40), timeUs: fc.nat(20) }),
  ),
  { maxLength: 120 },
);

test("agrees with a sorted list under pushes, pops, cancellations and moves", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const queue = new EventQueue<number, null>(order, 2);
      const naive: Naive[] = [];
      const ids: number[] = [];
      const event = emptyEvent();
      let sequence = 0;
      const before = (x: Naive, y: Naive): number =>
        x.timeUs - y.timeUs || (x.tie === y.tie ? 0 : order(x.tie) - order(y.tie)) || x.sequence - y.sequence;
      for (const command of list) {
        if (command.do === "push") {
          const id = queue.push(command.timeUs, command.tie, sequence, null, null, null, true);
          naive.push({ id, timeUs: command.timeUs, tie: command.tie, sequence, name: sequence });
          ids.push(id);
          sequence++;
        } else if (command.do === "pop") {
          naive.sort(before);
          const expected = naive.shift();
          expect(queue.pop(event)).toBe(expected !== undefined);
          if (expected !== undefined)
            expect([event.id, event.kind, event.timeUs]).toEqual([expected.id, expected.name, expected.timeUs]);
        } else {
          const id = ids[command.which] ?? -1;
          const place = naive.findIndex((entry) => entry.id === id);
          if (command.do === "cancel") {
            expect(id >= 0 && queue.cancel(id)).toBe(place >= 0);
            if (place >= 0) naive.splice(place, 1);
          } else {
            expect(id >= 0 && queue.move(id, command.timeUs)).toBe(place >= 0);
            if (place >= 0) naive[place]!.timeUs = command.timeUs;
          }
        }
        expect(queue.size).toBe(naive.length);
      }
      naive.sort(before);
      for (const expected of naive) {
        queue.pop(event);
        expect(event.kind).toBe(expected.name);
      }
    }),
    { numRuns: 500 },
  );
});

test("the id of an event that has run cancels nothing, even when its slot is used again", () => {
  const queue = new EventQueue<string, null>(order);
  const event = { ...emptyEvent(), kind: "" };
  const first = queue.push(1, 0, "first", null, null, null, true);
  queue.pop(event);
  queue.push(2, 0, "second", null, null, null, true);
  expect(queue.cancel(first)).toBe(false);
  expect(queue.size).toBe(1);
});
