/** The overlay on the simulator: joining, losing, coming back. */
import { expect, test } from "vitest";
import { withNodeEngine } from "../../../runtime/engine.ts";
import { Control } from "../../../sim/control.ts";
import { PING_DEFAULTS } from "../detector/options.ts";
import { OVERLAY_DEFAULTS, type OverlayOptions } from "./options.ts";
import type { Overlay } from "./overlay.ts";
import { startOverlay } from "./start.ts";

const SECOND_US = 1_000_000;

type Cluster = {
  readonly control: Control;
  readonly names: readonly string[];
  /** The overlays of the present incarnations; only to be read from the test side. */
  readonly overlays: ReadonlyMap<string, Overlay>;
};

async function onCluster(
  size: number,
  options: Partial<OverlayOptions>,
  use: (cluster: Cluster) => Promise<void>,
  seed = "overlay",
): Promise<void> {
  await withNodeEngine({ isCheckingClaims: true }, async (engine) => {
    const control = new Control({ seed, engine, isDeepChecking: true });
    const names = Array.from({ length: size }, (_, i) => `n${i + 1}`);
    const overlays = new Map<string, Overlay>();
    for (const name of names) {
      control.addHost({
        name,
        program: async (host) => {
          overlays.set(
            name,
            await startOverlay(host, {
              overlay: { ...OVERLAY_DEFAULTS, contacts: names.slice(0, 3), ...options },
              detector: { kind: "ping", ping: { ...PING_DEFAULTS, startUs: SECOND_US } },
            }),
          );
        },
      });
    }
    for (const name of names) control.boot(name, true);
    await use({ control, names, overlays });
    expect(control.world.properties.uncaught).toEqual([]);
    expect(control.world.properties.violations).toEqual([]);
  });
}

/** Edges of the active views that the other end does not have. */
function halfLinks({ control, overlays }: Cluster): string[] {
  return [...overlays].flatMap(([name, overlay]) =>
    control.stateOf(name) === "down"
      ? []
      : overlay
          .activeView()
          .filter((peer) => control.stateOf(peer) === "down" || !overlays.get(peer)?.activeView().includes(name))
          .map((peer) => `${name}>${peer}`),
  );
}

/** How many nodes the first running one reaches over active views. */
function reached({ control, names, overlays }: Cluster): number {
  const first = names.find((name) => control.stateOf(name) === "up")!;
  const seen = new Set([first]);
  for (const name of seen) for (const peer of overlays.get(name)!.activeView()) seen.add(peer);
  return seen.size;
}

test("ten nodes that boot together become one symmetric overlay", async () => {
  await onCluster(10, {}, async (cluster) => {
    await cluster.control.run(120 * SECOND_US);
    expect(halfLinks(cluster)).toEqual([]);
    expect(reached(cluster)).toBe(10);
    const sizes = cluster.names.map((name) => cluster.overlays.get(name)!.activeView().length);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(4);
  });
});
