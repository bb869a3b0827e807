/** HyParView step by step, and under messages that are lost, repeated and out of order. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../../../sim/random.ts";
import { HyParView, type Send } from "./core.ts";
import type { OverlayMessage } from "./message.ts";
import { OVERLAY_DEFAULTS, type OverlayOptions } from "./options.ts";

const SECOND_US = 1_000_000;

function open(self: string, options: Partial<OverlayOptions> = {}, stored: readonly string[] = []): HyParView {
  return new HyParView({
    self,
    options: { ...OVERLAY_DEFAULTS, ...options },
    random: new Random("core", self),
    stored,
    nowUs: 0,
  });
}

/** Gives the node these neighbours, by requests of high priority. */
function link(node: HyParView, peers: readonly string[]): void {
  peers.forEach((peer, ref) => void node.receive(peer, { kind: "neighbour", ref, isHigh: true }, 0));
  node.drain();
}

const sent = (node: HyParView): readonly Send[] => node.drain().sends;
const kinds = (sends: readonly Send[]): readonly string[] =>
  sends.map(({ to, message }) => `${message.kind} ${to}`).sort();

test("a join through a contact makes both ends neighbours and walks on to all others", () => {
  const contact = open("n1");
  link(contact, ["n2", "n3"]);
  const joiner = open("n4", { contacts: ["n1"] });
  joiner.tick(20 * SECOND_US);
  const [join] = sent(joiner);
  expect(join).toMatchObject({ to: "n1", message: { kind: "join" } });
  contact.receive("n4", join!.message, 0);
  const sends = sent(contact);
  expect(kinds(sends)).toEqual(["forward-join n2", "forward-join n3", "join-success n4"]);
  joiner.receive("n1", sends.find(({ to }) => to === "n4")!.message, 21 * SECOND_US);
  expect(contact.views.active).toEqual(["n2", "n3", "n4"]);
  expect(joiner.views.active).toEqual(["n1"]);
});

test("takes one join a second, or 25 with a full view, and denies the others", () => {
  const taken = (peers: readonly string[], joins: number, nowUs = 0): number => {
    const contact = open("n1", { activeViewMax: 3 });
    link(contact, peers);
    for (let i = 0; i < joins; i++) contact.receive(`j${i}`, { kind: "join", ref: i }, nowUs);
    return sent(contact).filter(({ message }) => message.kind === "join-success").length;
  };
  expect(taken([], 5)).toBe(1);
  expect(taken(["n2", "n3", "n4"], 40)).toBe(25);
  const contact = open("n1");
  for (const second of [0, 0, 1, 1]) contact.receive(`j${second}`, { kind: "join", ref: 0 }, second * SECOND_US);
  expect(kinds(sent(contact))).toEqual([
    "forward-join j0",
    "join-deny j0",
    "join-deny j1",
    "join-success j0",
    "join-success j1",
  ]);
});

test("whoever is denied goes on to a neighbour of the contact, which is no contact itself", () => {
  const joiner = open("n9", { contacts: ["n1"] });
  joiner.tick(20 * SECOND_US);
  const [join] = sent(joiner) as readonly (Send & { readonly message: OverlayMessage & { readonly kind: "join" } })[];
  joiner.receive("n1", { kind: "join-deny", ref: join!.message.ref, active: ["n1", "n5", "n9"] }, 20 * SECOND_US);
  expect(kinds(sent(joiner))).toEqual(["join n5"]);
});

test("a forward-join goes to a neighbour that it has not seen, enters a passive view on the way, and ends as a request", () => {
  const node = open("n1");
  link(node, ["n2", "n3"]);
  const walk = (ttl: number, seen: readonly string[]): readonly Send[] => {
    node.receive("n2", { kind: "forward-join", node: "n9", ttl, seen }, 0);
    return sent(node);
  };
  expect(walk(7, ["n2"])).toEqual([
    { to: "n3", message: { kind: "forward-join", node: "n9", ttl: 6, seen: ["n1", "n2"] } },
  ]);
  expect(node.views.passive).toEqual([]);
  walk(5, ["n2"]);
  expect(node.views.passive).toEqual(["n9"]);
  expect(walk(4, ["n2", "n3"])).toEqual([]);
  expect(walk(0, ["n2"])).toMatchObject([{ to: "n9", message: { kind: "neighbour", isHigh: false } }]);
  expect(node.views.active).toEqual(["n2", "n3"]);
});

test("a full view denies a low request with its passive view, and makes room for a high one and says so", () => {
  const node = open("n1", { activeViewMax: 2 });
  link(node, ["n2", "n3"]);
  node.receive("n4", { kind: "neighbour", ref: 7, isHigh: false }, 0);
  expect(sent(node)).toEqual([{ to: "n4", message: { kind: "neighbour-deny", ref: 7, passive: [] } }]);
  node.receive("n4", { kind: "neighbour", ref: 8, isHigh: true }, 0);
  const { sends, changes } = node.drain();
  const [gone] = node.views.passive;
  expect(sends).toEqual([
    { to: gone, message: { kind: "disconnect" } },
    { to: "n4", message: { kind: "neighbour-accept", ref: 8 } },
  ]);
  expect(changes).toEqual([
    { kind: "down", peer: gone },
    { kind: "up", peer: "n4" },
  ]);
});

test("an answer that nobody waits for is refused, so that its sender lets go as well", () => {
  const node = open("n1");
  node.receive("n2", { kind: "neighbour-accept", ref: 1 }, 0);
  node.receive("n3", { kind: "join-success", ref: 1, passive: [] }, 0);
  expect(kinds(sent(node))).toEqual(["disconnect n2", "disconnect n3"]);
  expect(node.views.active).toEqual([]);
});

test("an accept that crosses a disconnect is refused", () => {
  const node = open("n1");
  node.recommend("n2", 0);
  const [{ message }] = sent(node) as [Send & { readonly message: OverlayMessage & { readonly kind: "neighbour" } }];
  node.receive("n2", { kind: "disconnect" }, 1);
  node.receive("n2", { kind: "neighbour-accept", ref: message.ref }, 2);
  expect(kinds(sent(node))).toEqual(["disconnect n2"]);
  expect(node.views.active).toEqual([]);
});

test("a request of low priority that is accepted too late for a free place is refused, and evicts nobody", () => {
  const node = open("n1", { activeViewMax: 4 }, ["n9"]);
  link(node, ["n2", "n3"]);
  node.tick(11 * SECOND_US);
  const asked = sent(node).find(({ message: { kind } }) => kind === "neighbour");
  expect(asked).toMatchObject({ to: "n9", message: { isHigh: false } });
  link(node, ["n4", "n5"]);
  const { ref } = asked!.message as OverlayMessage & { readonly kind: "neighbour" };
  node.receive("n9", { kind: "neighbour-accept", ref }, 12 * SECOND_US);
  expect(kinds(sent(node))).toEqual(["disconnect n9"]);
  expect(node.views.active).toEqual(["n2", "n3", "n4", "n5"]);
});

test.each<[string, OverlayMessage]>([
  ["forward-join", { kind: "forward-join", node: "n9", ttl: 3, seen: ["n5"] }],
  ["shuffle", { kind: "shuffle", node: "n5", ttl: 0, active: [], passive: [] }],
])("a %s from a node that is no neighbour is answered by a disconnect", (_, message) => {
  const node = open("n1");
  link(node, ["n2"]);
  node.receive("n5", message, 0);
  expect(kinds(sent(node))).toContain("disconnect n5");
});

test("a ping from a node that is no neighbour is answered by a disconnect, or by the request that it has not answered", () => {
  const node = open("n1");
  node.onProbe("n2");
  expect(kinds(sent(node))).toEqual(["disconnect n2"]);
  node.recommend("n2", 0);
  const asked = sent(node);
  node.onProbe("n2");
  expect(sent(node)).toEqual(asked);
});

test("a disconnect of a neighbour is answered, one of a stranger is not", () => {
  const node = open("n1");
  link(node, ["n2"]);
  node.receive("n2", { kind: "disconnect" }, 0);
  node.receive("n2", { kind: "disconnect" }, 0);
  expect(kinds(sent(node))).toEqual(["disconnect n2"]);
  expect(node.views.passive).toEqual(["n2"]);
});

test("a passive node that stays silent for three intervals is dropped, and with an empty view the contacts come back", () => {
  const node = open("n1", { contacts: ["n1", "n2"] }, ["n9"]);
  let nowUs = 0;
  const asked = new Set<string>();
  for (; nowUs < 60 * SECOND_US; nowUs += 100_000) {
    node.tick(nowUs);
    for (const { to, message } of sent(node)) if (message.kind === "neighbour") asked.add(to);
  }
  expect([...asked].sort()).toEqual(["n2", "n9"]);
  expect(node.views.passive).not.toContain("n9");
  // The contact is asked again and again.
  node.tick(nowUs + 10 * SECOND_US);
  node.tick(nowUs + 20 * SECOND_US);
  expect(kinds(sent(node))).toContain("neighbour n2");
});

test("a shuffle ends where its steps do and brings both ends what the other knows", () => {
  const [near, far] = [open("n1"), open("n2")];
  link(near, ["n2", "n3"]);
  link(far, ["n1"]);
  near.receive("n3", { kind: "shuffle-reply", combined: ["p1"] }, 0);
  far.receive("n1", { kind: "shuffle-reply", combined: ["p2"] }, 0);
  near.tick(20 * SECOND_US);
  const shuffle = sent(near).find(({ message }) => message.kind === "shuffle")!.message;
  far.receive("n1", { ...shuffle, ttl: 0 } as OverlayMessage, 0);
  const reply = sent(far).find(({ message }) => message.kind === "shuffle-reply")!;
  expect(far.views.passive).toEqual(["n3", "p1", "p2"]);
  expect(reply).toEqual({ to: "n1", message: { kind: "shuffle-reply", combined: ["p2"] } });
  near.receive("n2", reply.message, 0);
  expect(near.views.passive).toEqual(["p1", "p2"]);
});

type Envelope = { readonly from: string; readonly to: string; readonly message: OverlayMessage };

/** Five nodes; what each step does comes from a list of numbers. */
function runChaos(steps: readonly number[]): {
  readonly nodes: ReadonlyMap<string, HyParView>;
  readonly wrong: string[];
} {
  const names = ["n1", "n2", "n3", "n4", "n5"];
  const options = { contacts: ["n1", "n2"], activeViewMax: 2, passiveViewMax: 3, joinsMax: 3 };
  const nodes = new Map(names.map((name) => [name, open(name, options)]));
  const wrong: string[] = [];
  let flight: Envelope[] = [];
  let nowUs = 0;
  const settle = (): void => {
    for (const [from, node] of nodes) {
      for (const { to, message } of sent(node)) flight.push({ from, to, message });
      const fault = node.views.fault();
      if (fault !== null) wrong.push(`${from}: ${fault}`);
    }
  };
  const deliver = (at: number): void => {
    const [envelope] = flight.splice(at, 1);
    if (envelope !== undefined) nodes.get(envelope.to)?.receive(envelope.from, envelope.message, nowUs);
  };
  for (const step of steps) {
    const name = names[step % names.length]!;
    const at = flight.length === 0 ? 0 : step % flight.length;
    switch (step % 11) {
      case 0:
        flight = flight.filter((_, i) => i !== at);
        break;
      case 1:
        if (flight.length > 0) flight.push(flight[at]!);
        break;
      case 2:
        nodes.set(name, open(name, options, nodes.get(name)!.views.active));
        break;
      case 3:
        nodes.get(name)!.onFailed(nodes.get(name)!.views.active[0] ?? "", nowUs);
        break;
      case 4:
        nodes.get(name)!.recommend(names[(step >>> 3) % names.length]!, nowUs);
        break;
      case 5:
      case 6:
        nowUs += 1_000 * (step % 8_000);
        nodes.get(name)!.tick(nowUs);
        break;
      default:
        deliver(at);
    }
    settle();
  }
  // Quiet: everything arrives, requests end, and neighbours ping each other, with no timer for anything new.
  for (let round = 0; round < 20; round++) {
    while (flight.length > 0) {
      deliver(0);
      settle();
    }
    for (const [from, node] of nodes) for (const peer of node.views.active) nodes.get(peer)!.onProbe(from);
    settle();
  }
  for (const [from, node] of nodes) {
    for (const peer of node.views.active) {
      if (!nodes.get(peer)!.views.has(from)) wrong.push(`${from} has ${peer}, but not the other way round`);
    }
  }
  return { nodes, wrong };
}

test("whatever is lost, repeated, late or restarted, views keep their invariants and links become whole by pings", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 50, maxLength: 300 }), (steps) => {
      expect(runChaos(steps).wrong).toEqual([]);
    }),
    { numRuns: 200 },
  );
});
