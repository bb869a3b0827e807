/** The overlay on the simulator, under both detectors: joining, losing, coming back. */
import { expect, test } from "vitest";
import { DetectionMonitor, type DownRecord } from "../../../checkers/membership/detection.ts";
import { overlayFault } from "../../../checkers/membership/overlay.ts";
import { ViewMonitor, type ViewRecord } from "../../../checkers/membership/views.ts";
import { withNodeEngine } from "../../../runtime/engine.ts";
import { Control } from "../../../sim/control.ts";
import type { Program } from "../../../sim/host.ts";
import { type DetectorOptions, PING_DEFAULTS, SWIM_DEFAULTS } from "../detector/options.ts";
import { makeFolder, replaceFile } from "../files.ts";
import { OVERLAY_DEFAULTS, type OverlayOptions } from "./options.ts";
import type { Overlay } from "./overlay.ts";
import { startOverlay } from "./start.ts";
import { loadViews } from "./storage.ts";

const SECOND_US = 1_000_000;

type Cluster = {
  readonly control: Control;
  readonly names: readonly string[];
  /** The overlays of the present incarnations; only to be read from the test side. */
  readonly overlays: ReadonlyMap<string, Overlay>;
  readonly detection: DetectionMonitor;
};

type ClusterOptions = {
  readonly overlay?: Partial<OverlayOptions>;
  readonly detector?: DetectorOptions;
};

const PING: DetectorOptions = { kind: "ping", ping: { ...PING_DEFAULTS, startUs: SECOND_US } };
const SWIM: DetectorOptions = { kind: "swim", swim: { ...SWIM_DEFAULTS, startUs: SECOND_US } };

async function onCluster(
  size: number,
  { overlay, detector = PING }: ClusterOptions,
  use: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  await withNodeEngine({ isCheckingClaims: true }, async (engine) => {
    const control = new Control({ seed: `overlay/${size}`, engine, isDeepChecking: true });
    const names = Array.from({ length: size }, (_, i) => `n${i + 1}`);
    const overlays = new Map<string, Overlay>();
    const options = { ...OVERLAY_DEFAULTS, contacts: names.slice(0, 3), ...overlay };
    const { activeViewMax } = options;
    const expiryUsMax = detector.kind === "ping" ? SECOND_US : 2_700_000;
    const bound = { activeViewMax, probeUsMax: 200_000, expiryUsMax, oneWayUsMax: 100_000 };
    const detection = new DetectionMonitor({ ...bound, slackUs: 5_000, startUsMax: 2 * SECOND_US });
    const views = new ViewMonitor(options);
    const { world } = control;
    world.onObservation("membership.view", (_host, _incarnation, data) => {
      views.observe(control.nowUs, data as ViewRecord);
      detection.observeView(control.nowUs, data as ViewRecord);
    });
    world.onObservation("membership.down", (_host, _incarnation, data) =>
      detection.observeDown(control.nowUs, data as DownRecord),
    );
    for (const name of names) {
      const program: Program = async (host) => {
        detection.up(control.nowUs, name);
        const started = await startOverlay(host, { overlay: options, detector });
        started.setSizeSource(() => size);
        overlays.set(name, started);
      };
      control.addHost({ name, program });
    }
    for (const name of names) control.boot(name, true);
    await use({ control, names, overlays, detection });
    detection.finish(control.nowUs);
    expect([...detection.violations, ...views.violations]).toEqual([]);
    expect(world.properties.uncaught).toEqual([]);
    expect(world.properties.violations).toEqual([]);
  });
}

function crash({ control, detection }: Cluster, name: string): void {
  detection.down(control.nowUs, name);
  control.kill(name);
}

/** One sentence of what is wrong with the overlay of the nodes that run; null when nothing is. */
function faultOf({ control, overlays }: Cluster): string | null {
  const running = [...overlays].filter(([name]) => control.stateOf(name) === "up");
  return overlayFault(running.map(([host, overlay]) => ({ host, active: overlay.activeView() })));
}

const viewOf = ({ overlays }: Cluster, name: string): readonly string[] => overlays.get(name)!.activeView(); // it has booted

test("ten nodes that boot together become one symmetric overlay, in which nobody is taken for dead", async () => {
  await onCluster(10, {}, async (cluster) => {
    await cluster.control.run(120 * SECOND_US);
    expect(faultOf(cluster)).toBeNull();
    expect(Math.min(...cluster.names.map((name) => viewOf(cluster, name).length))).toBeGreaterThanOrEqual(4);
    expect(cluster.detection.falseSuspicions).toBe(0);
  });
});

test.each([PING, SWIM])(
  "a crash is detected by every neighbour within its bound, and the others close ranks ($kind)",
  async (detector) => {
    await onCluster(10, { detector }, async (cluster) => {
      const { control, detection } = cluster;
      await control.run(90 * SECOND_US);
      const neighbours = viewOf(cluster, "n4");
      crash(cluster, "n4");
      await control.run(120 * SECOND_US);
      expect(new Set(detection.detections.map(({ observer }) => observer))).toEqual(new Set(neighbours));
      expect(faultOf(cluster)).toBeNull();
      expect(detection.falseSuspicions).toBe(0);
    });
  },
);

test("a node that restarts comes back by the views on its disk, with no contact running", async () => {
  await onCluster(8, { overlay: { contacts: ["n1"] } }, async (cluster) => {
    const { control } = cluster;
    await control.run(90 * SECOND_US);
    crash(cluster, "n1");
    crash(cluster, "n8");
    await control.run(100 * SECOND_US);
    control.boot("n8");
    await control.run(120 * SECOND_US);
    expect(viewOf(cluster, "n8").length).toBeGreaterThanOrEqual(1);
    expect(faultOf(cluster)).toBeNull();
  });
});

test("a node that lost its disk joins anew", async () => {
  await onCluster(8, {}, async (cluster) => {
    const { control, detection } = cluster;
    await control.run(90 * SECOND_US);
    expect(control.host("n7").disk.durableFile("/overlay/views")).not.toBeNull();
    detection.down(control.nowUs, "n7");
    control.wipe("n7");
    control.boot("n7");
    await control.run(130 * SECOND_US);
    expect(viewOf(cluster, "n7").length).toBeGreaterThanOrEqual(1);
    expect(faultOf(cluster)).toBeNull();
  });
});

test("a damaged file of views counts as absent, one that was never written too", async () => {
  await withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: "views", engine });
    const loaded: (readonly string[])[] = [];
    const program: Program = async (host) => {
      loaded.push(await loadViews(host, "/overlay"));
      await makeFolder(host, "/overlay");
      await replaceFile(host, { folder: "/overlay", name: "views" }, new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]));
      loaded.push(await loadViews(host, "/overlay"));
    };
    control.addHost({ name: "n1", program });
    control.boot("n1");
    await control.run(SECOND_US);
    expect(loaded).toEqual([[], []]);
    expect(control.world.properties.marks.get("overlay.views-unreadable")).toBe(1);
  });
});

test.each([PING, SWIM])(
  "a node that was cut off, and was forgotten and forgot, finds back by its contacts ($kind)",
  async (detector) => {
    await onCluster(6, { detector }, async (cluster) => {
      const { control, names } = cluster;
      await control.run(90 * SECOND_US);
      const rest = names.filter((name) => name !== "n6");
      const props = { block: true };
      const cuts = [
        control.network.addRule({ from: rest, to: ["n6"], props, fault: null }),
        control.network.addRule({ from: ["n6"], to: rest, props, fault: null }),
      ];
      await control.run(160 * SECOND_US);
      expect(viewOf(cluster, "n6")).toEqual([]);
      for (const heal of cuts) heal();
      await control.run(220 * SECOND_US);
      expect(faultOf(cluster)).toBeNull();
    });
  },
);
