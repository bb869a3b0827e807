/** Witnesses of the overlay's and the detectors' bugs: the pure cores, with every message carried by hand. */
import type { HyParView, HyParViewStart } from "../../systems/membership/overlay/core.ts";
import type { OverlayMessage } from "../../systems/membership/overlay/message.ts";
import { Random } from "../../sim/random.ts";
import { expectStep, load, type Verdict, type Witness } from "./script.fixture.ts";

type Core = typeof import("../../systems/membership/overlay/core.ts");
type Options = typeof import("../../systems/membership/overlay/options.ts");
type SwimFixture = typeof import("../../systems/membership/detector/swim.fixture.ts");

const SECOND_US = 1_000_000;
/** Steps after which a walk in these small overlays must have ended. */
const DELIVERIES_MAX = 100;

/** A few nodes with small views. Messages wait until they are carried; nobody pings unless the script says so. */
class Overlay {
  readonly nodes: Map<string, HyParView> = new Map();
  readonly #open: (start: Omit<HyParViewStart, "options" | "nowUs">) => HyParView;
  #flight: { readonly from: string; readonly to: string; readonly message: OverlayMessage }[] = [];

  constructor(open: (start: Omit<HyParViewStart, "options" | "nowUs">) => HyParView, names: readonly string[]) {
    this.#open = open;
    for (const name of names) this.boot(name);
  }

  boot(name: string): void {
    this.nodes.set(name, this.#open({ self: name, random: new Random("witness", name), stored: [] }));
  }

  /** The node does something; what it sends is on its way. */
  act(name: string, action: (node: HyParView) => void): void {
    const node = this.nodes.get(name)!; // a node of the script
    action(node);
    for (const { to, message } of node.drain().sends) this.#flight.push({ from: name, to, message });
  }

  /** Carries messages in order until none is left; false when there is no end of them. */
  carry(): boolean {
    for (let i = 0; i < DELIVERIES_MAX; i++) {
      const next = this.#flight.shift();
      if (next === undefined) return true;
      this.act(next.to, (node) => node.receive(next.from, next.message, 0));
    }
    return false;
  }

  /** A link by a request of high priority. */
  link(from: string, to: string): void {
    this.act(from, (node) => node.recommend(to, 0));
    expectStep(this.carry(), "the end of the messages of a request");
  }

  has(name: string, peer: string): boolean {
    return this.nodes.get(name)!.views.has(peer); // a node of the script
  }

  halfLinks(): string[] {
    return [...this.nodes].flatMap(([name, { views }]) =>
      views.active.filter((peer) => !this.has(peer, name)).map((peer) => `${name} holds ${peer}`),
    );
  }

  verdict(told: string): Verdict {
    const half = this.halfLinks();
    return half.length === 0
      ? { violated: [], told }
      : { violated: ["symmetry"], told: `half a link: ${half.join(", ")}` };
  }
}

async function openOverlay(root: string, names: readonly string[], activeViewMax: number): Promise<Overlay> {
  const { HyParView } = await load<Core>(root, "systems/membership/overlay/core.ts");
  const { OVERLAY_DEFAULTS } = await load<Options>(root, "systems/membership/overlay/options.ts");
  const options = { ...OVERLAY_DEFAULTS, activeViewMax };
  return new Overlay((start) => new HyParView({ ...start, options, nowUs: 0 }), names);
}

/** A node with a full view takes one more in; all messages arrive. */
export const witnessPub27: Witness = async (root) => {
  const overlay = await openOverlay(root, ["n1", "n2", "n3", "n4"], 2);
  overlay.link("n2", "n1");
  overlay.link("n3", "n1");
  overlay.link("n4", "n1");
  return overlay.verdict("whoever was moved on let its end go");
};

/** The same schedule: the bug is at the other end of the eviction. */
export const witnessHpv1: Witness = witnessPub27;

/** One node joins through a node of a triangle, and its forward-joins walk until they end. */
export const witnessHpv2: Witness = async (root) => {
  const overlay = await openOverlay(root, ["n1", "n2", "n3", "n4", "n5"], 4);
  for (const [from, to] of [
    ["n1", "n2"],
    ["n2", "n3"],
    ["n3", "n1"],
    ["n2", "n4"],
    ["n3", "n4"],
  ] as const) {
    overlay.link(from, to);
  }
  overlay.act("n1", (node) => node.receive("n5", { kind: "join", ref: 1 }, 0));
  return overlay.carry()
    ? { violated: [], told: "the walks ended" }
    : { violated: ["walk"], told: `a walk has no end: ${DELIVERIES_MAX} messages after the join it goes on` };
};

/** A node restarts before its neighbour notices, and is pinged. */
export const witnessHpv3: Witness = async (root) => {
  const overlay = await openOverlay(root, ["n1", "n2"], 2);
  overlay.link("n1", "n2");
  expectStep(overlay.has("n1", "n2") && overlay.has("n2", "n1"), "the link between n1 and n2");
  overlay.boot("n1");
  overlay.act("n1", (node) => node.onProbe("n2"));
  overlay.carry();
  return overlay.verdict("n2 let the link go that n1 had forgotten");
};

/** Everybody holds a node for dead in a high incarnation; it loses its disk and comes back. */
export const witnessPub26: Witness = async (root) => {
  const { SwimBench } = await load<SwimFixture>(root, "systems/membership/detector/swim.fixture.ts");
  const bench = new SwimBench({ names: ["n1", "n2", "n3", "n4"], random: new Random("witness", "swim") });
  bench.watchAll();
  bench.stored.set("n1", 99);
  bench.boot("n1");
  bench.runUntil(5 * SECOND_US);
  bench.crash("n1");
  bench.runUntil(20 * SECOND_US);
  expectStep(bench.of("down", "n1").length === 3, "the death of n1 in all views");
  bench.stored.delete("n1");
  bench.boot("n1");
  bench.watchAll();
  bench.runUntil(60 * SECOND_US);
  const again = bench.of("down", "n1").filter(({ atUs }) => atUs > 20 * SECOND_US);
  if (again.length === 0) return { violated: [], told: `n1 refuted as incarnation ${bench.core("n1").incarnation}` };
  return { violated: ["accuracy"], told: `${again.length} nodes took n1 for dead again while it ran` };
};
