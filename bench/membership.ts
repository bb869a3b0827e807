/**
 * Membership at size: what one virtual second costs at 100, 300 and 1,000 nodes, and what a node holds in memory.
 *
 * The overlay with its detector, lashup's parameters; measured in the steady state, after the nodes have joined and begun to ping.
 */
import * as fs from "node:fs";
import { withNodeEngine } from "../runtime/engine.ts";
import { Control } from "../sim/control.ts";
import { DETECTOR_DEFAULTS } from "../systems/membership/detector/options.ts";
import { OVERLAY_DEFAULTS } from "../systems/membership/overlay/options.ts";
import type { Overlay } from "../systems/membership/overlay/overlay.ts";
import { startOverlay } from "../systems/membership/overlay/start.ts";
import { row, secondsOf, short } from "./measure.ts";
import { benchDetectors } from "./membership/detectors.ts";
import { benchFailover } from "./membership/failover.ts";
import { benchGrowth } from "./membership/growth.ts";

const SIZES = [100, 300, 1_000];
const SECOND_US = 1_000_000;
/** Pings begin between the 60th and the 120th second. */
const SETTLED_US = 130 * SECOND_US;
const MEASURED_US = 30 * SECOND_US;

/** SEEDBED_PLOT names a file for the plot of failed connections. */
export async function benchMembership(): Promise<void> {
  for (const size of SIZES) await overlayOf(size);
  const plot = await benchFailover();
  const path = process.env["SEEDBED_PLOT"];
  if (path !== undefined) fs.writeFileSync(path, plot);
  await benchDetectors();
  await benchGrowth();
}

async function overlayOf(size: number): Promise<void> {
  const before = heapMb();
  await withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: `overlay/${size}`, engine });
    const names = Array.from({ length: size }, (_, i) => `n${i + 1}`);
    const options = { overlay: { ...OVERLAY_DEFAULTS, contacts: names.slice(0, 3) }, detector: DETECTOR_DEFAULTS };
    const overlays: Overlay[] = [];
    for (const name of names) {
      control.addHost({ name, program: async (host) => void overlays.push(await startOverlay(host, options)) });
    }
    for (const name of names) control.boot(name, true);
    const joining = await secondsOf(async () => void (await control.run(SETTLED_US)));
    const first = control.world.eventCount;
    const seconds = await secondsOf(async () => void (await control.run(SETTLED_US + MEASURED_US)));
    const events = control.world.eventCount - first;
    const links = overlays.reduce((sum, overlay) => sum + overlay.activeView().length, 0);
    row(
      `overlay of ${size} nodes, ${(links / size).toFixed(1)} neighbours each`,
      `${short(events / seconds)} ev/s`,
      `${(MEASURED_US / SECOND_US / seconds).toFixed(0)} virtual s/s, ${short(events / (MEASURED_US / SECOND_US))} ev per virtual s, ` +
        `joined and settled in ${joining.toFixed(1)} s, ${(((heapMb() - before) * 1024) / size).toFixed(0)} KB of heap a node`,
    );
  });
}

function heapMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 1048576;
}
