/** The order of the tables, against its own rule at every step. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compareText } from "../crdt/clock.ts";
import type { Services } from "./diff.ts";
import type { StepChange } from "./observation.ts";
import { Tables } from "./tables.ts";

const BLOCK = { first: 11 * 16_777_216, count: 3 };

function service(vip: string, ...backends: readonly string[]): Services[number] {
  return { vip, backends: backends.map((port) => `n1/n1:${port}*1`) };
}

/** Carries a plan out, freeing and refilling as the listener does; returns the steps. */
function carryOut(tables: Tables, next: Services): StepChange[] {
  const done: StepChange[] = [];
  for (;;) {
    const { steps } = tables.plan(next);
    if (steps.length === 0) return done;
    for (const step of steps) {
      tables.perform(step);
      done.push(step);
    }
    if (!tables.releaseNames()) return done;
  }
}

test("adds the service, its route, its name, and takes them away in the reverse order", () => {
  const tables = new Tables(BLOCK);
  const added = carryOut(tables, [service("tcp/web.shop:80", "9001")]).map(({ kind }) => kind);
  expect(added).toEqual(["add-service", "add-route", "show-name"]);
  const removed = carryOut(tables, []).map(({ kind }) => kind);
  expect(removed).toEqual(["hide-name", "remove-route", "remove-service"]);
});

test("a name is not told while its only service changes its port", () => {
  const tables = new Tables(BLOCK);
  carryOut(tables, [service("tcp/web.shop:80", "9001")]);
  const kinds = carryOut(tables, [service("tcp/web.shop:81", "9001")]).map(({ kind }) => kind);
  expect(kinds).toEqual(["hide-name", "remove-route", "remove-service", "add-service", "add-route", "show-name"]);
});

test("a service without an address stands, and gets one when it is free", () => {
  const tables = new Tables({ ...BLOCK, count: 1 });
  carryOut(tables, [service("tcp/a.shop:80", "1")]);
  carryOut(tables, [service("tcp/a.shop:80", "1"), service("tcp/b.shop:80", "2")]);
  expect([tables.addressOf("a.shop"), tables.addressOf("b.shop")]).toEqual(["11.0.0.0", null]);
  carryOut(tables, [service("tcp/b.shop:80", "2")]);
  expect([tables.addressOf("a.shop"), tables.addressOf("b.shop")]).toEqual([null, "11.0.0.0"]);
});

test("an address of the block is no VIP of its own", () => {
  const tables = new Tables(BLOCK);
  expect(carryOut(tables, [service("tcp/11.0.0.1:80", "1")]).map(({ kind }) => kind)).toEqual(["add-service"]);
  expect(carryOut(tables, [service("tcp/11.0.0.1:80", "1"), service("tcp/10.0.0.1:80", "1")]).at(-1)).toEqual({
    kind: "add-route",
    endpoint: "tcp/10.0.0.1:80",
    vip: "tcp/10.0.0.1:80",
  });
});

const VIPS = [
  "tcp/a.shop:80",
  "tcp/a.shop:81",
  "tcp/b.shop:80",
  "udp/b.shop:80",
  "tcp/c.shop:80",
  "tcp/d.shop:80",
  "tcp/10.0.0.1:80",
];
const services: fc.Arbitrary<Services> = fc
  .uniqueArray(fc.constantFrom(...VIPS), { maxLength: 7 })
  .map((vips) => vips.sort(compareText).map((vip) => service(vip, "9001")));

test("at every step a route has its service and a name its route, and the end is what was asked for", () => {
  fc.assert(
    fc.property(fc.array(services, { maxLength: 6 }), (targets) => {
      const tables = new Tables(BLOCK);
      const standing = new Set<string>();
      const routes = new Map<string, string>();
      const names = new Map<string, string>();
      for (const target of targets) {
        for (const step of carryOut(tables, target)) {
          if (step.kind === "add-service") standing.add(step.vip);
          else if (step.kind === "remove-service") standing.delete(step.vip);
          else if (step.kind === "add-route") routes.set(step.endpoint, step.vip);
          else if (step.kind === "remove-route") routes.delete(step.endpoint);
          else if (step.kind === "show-name") names.set(step.name, step.address);
          else if (step.kind === "hide-name") names.delete(step.name);
          for (const vip of routes.values()) expect(standing.has(vip)).toBe(true);
          for (const address of names.values())
            expect([...routes.keys()].some((endpoint) => endpoint.includes(`/${address}:`))).toBe(true);
          expect(new Set(names.values()).size).toBe(names.size);
        }
        expect(tables.services()).toEqual(target);
        const hosts = new Set(target.map(({ vip }) => /\/(.*):/.exec(vip)![1]!).filter((host) => host !== "10.0.0.1"));
        expect(names.size).toBe(Math.min(BLOCK.count, hosts.size));
      }
    }),
  );
});
