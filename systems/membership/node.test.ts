/** All layers together, over the real overlay. */
import { describe, expect, it } from "vitest";
import { withNodeEngine } from "../../runtime/engine.ts";
import { Control } from "../../sim/control.ts";
import { namesUpTo } from "./fake-overlay.fixture.ts";
import type { Membership } from "./membership.ts";
import { startMembership } from "./node.ts";
import { membershipOptions } from "./options.ts";
import { PING_DEFAULTS, SWIM_DEFAULTS } from "./detector/options.ts";
import type { DetectorOptions } from "./detector/options.ts";

type Cluster = {
  readonly control: Control;
  readonly names: readonly string[];
  readonly nodes: Map<string, Membership>;
};

function simulate(
  options: { readonly nodes: number; readonly detector: DetectorOptions },
  script: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  return withNodeEngine({ isCheckingClaims: true }, async (engine) => {
    const control = new Control({ seed: "node", engine, isDeepChecking: true });
    const names = namesUpTo(options.nodes);
    const nodes = new Map<string, Membership>();
    const settings = membershipOptions({ contacts: names.slice(0, 2), detector: options.detector });
    for (const name of names) {
      control.addHost({
        name,
        program: async (host) => {
          nodes.set(name, await startMembership(host, settings));
        },
      });
    }
    for (const name of names) control.boot(name, true);
    await script({ control, names, nodes });
    const { uncaught, violations } = control.world.properties;
    expect(uncaught.map(({ error }) => error)).toEqual([]);
    expect(violations).toEqual([]);
  });
}

const DETECTORS: readonly DetectorOptions[] = [
  { kind: "ping", ping: { ...PING_DEFAULTS, startUs: 5_000_000 } },
  { kind: "swim", swim: { ...SWIM_DEFAULTS, startUs: 5_000_000 } },
];

describe("membership", () => {
  for (const detector of DETECTORS) {
    it(`brings twelve nodes together, and tells all of them of one that dies (${detector.kind})`, () =>
      simulate({ nodes: 12, detector }, async ({ control, names, nodes }) => {
        await control.run(90_000_000);
        for (const name of names) expect(nodes.get(name)!.routes.reachableNodes()).toEqual([...names].sort());
        control.powerLoss("n5");
        await control.run(100_000_000);
        for (const name of names) {
          if (name !== "n5") expect([name, nodes.get(name)!.routes.unreachableNodes()]).toEqual([name, ["n5"]]);
        }
        control.boot("n5");
        await control.run(160_000_000);
        for (const name of names) expect(nodes.get(name)!.routes.unreachableNodes()).toEqual([]);
      }));
  }

  it("never goes back to an earlier SWIM incarnation because a read of it failed", async () => {
    const detector: DetectorOptions = { kind: "swim", swim: SWIM_DEFAULTS };
    await simulate({ nodes: 2, detector }, async ({ control }) => {
      const told: number[] = [];
      control.world.onObservation("membership.detector", (host, _incarnation, data) => {
        const record = data as { readonly kind: string; readonly version: number };
        if (host === "n1" && record.kind === "own") told.push(record.version);
      });
      await control.run(5_000_000);
      const atOnce = { index: 0, kind: "disk-eio", effects: 0 };
      for (let boot = 0; boot < 3; boot++) {
        control.kill("n1", "test");
        const heal = control.host("n1").disk.setFault({
          kind: "disk-eio",
          perMillion: 1_000_000,
          operations: ["open", "read"],
          pathPrefix: "/swim/incarnation",
          fault: atOnce,
        });
        control.boot("n1");
        await control.run(control.nowUs + 1_000_000);
        heal();
        if (control.stateOf("n1") === "down") control.boot("n1");
        await control.run(control.nowUs + 1_000_000);
      }
      expect(atOnce.effects).toBeGreaterThan(0);
      expect(told.length).toBeGreaterThan(3);
      expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
    });
  });
});
