/**
 * The two failure detectors on the same seeds: how soon neighbours know of a crash, and how often they are wrong when
 * messages are lost.
 */
import { DetectionMonitor, type DownRecord } from "../../checkers/membership/detection.ts";
import type { ViewRecord } from "../../checkers/membership/views.ts";
import { withNodeEngine } from "../../runtime/engine.ts";
import { Control } from "../../sim/control.ts";
import { DETECTOR_DEFAULTS, type DetectorOptions, SWIM_DEFAULTS } from "../../systems/membership/detector/options.ts";
import { OVERLAY_DEFAULTS } from "../../systems/membership/overlay/options.ts";
import { startOverlay } from "../../systems/membership/overlay/start.ts";
import { median, row } from "../measure.ts";

const NODES = 40;
const SEEDS = 8;
const SECOND_US = 1_000_000;
/** Probes begin between the 60th and the 120th second. */
const SETTLED_US = 130 * SECOND_US;
const WATCHED_US = 60 * SECOND_US;
const LOSSES_PER_MILLION = [0, 1_000, 10_000, 50_000];

const DETECTORS: readonly DetectorOptions[] = [DETECTOR_DEFAULTS, { kind: "swim", swim: SWIM_DEFAULTS }];

type Figures = {
  readonly firstUs: number;
  readonly lastUs: number;
  readonly falseSuspicions: number;
  readonly bytes: number;
};

export async function benchDetectors(): Promise<void> {
  for (const lossPerMillion of LOSSES_PER_MILLION) {
    for (const detector of DETECTORS) {
      const all: Figures[] = [];
      for (let seed = 0; seed < SEEDS; seed++) all.push(await measure(detector, lossPerMillion, seed));
      const ms = (pick: (figures: Figures) => number): string => (median(all.map(pick)) / 1_000).toFixed(0);
      const wrong = all.reduce((sum, { falseSuspicions }) => sum + falseSuspicions, 0);
      const nodeMinutes = (SEEDS * NODES * WATCHED_US) / (60 * SECOND_US);
      const bytes = median(all.map((figures) => figures.bytes)) / NODES / (WATCHED_US / SECOND_US);
      row(
        `${detector.kind}, ${lossPerMillion / 10_000} % lost`,
        `${ms(({ firstUs }) => firstUs)} ms`,
        `first neighbour; the last one ${ms(({ lastUs }) => lastUs)} ms; ` +
          `${(wrong / nodeMinutes).toFixed(2)} false suspicions a node and minute; ${bytes.toFixed(0)} bytes/s a node`,
      );
    }
  }
}

async function measure(detector: DetectorOptions, lossPerMillion: number, seed: number): Promise<Figures> {
  return withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: `detectors/${seed}`, engine });
    const names = Array.from({ length: NODES }, (_, i) => `n${i + 1}`);
    // The bound is judged elsewhere: here it is out of the way.
    const monitor = new DetectionMonitor({
      activeViewMax: OVERLAY_DEFAULTS.activeViewMax,
      probeUsMax: SECOND_US,
      expiryUsMax: 60 * SECOND_US,
      oneWayUsMax: SECOND_US,
      slackUs: 0,
      startUsMax: SETTLED_US,
    });
    const { world } = control;
    world.onObservation("membership.view", (_host, _incarnation, data) =>
      monitor.observeView(control.nowUs, data as ViewRecord),
    );
    world.onObservation("membership.down", (_host, _incarnation, data) =>
      monitor.observeDown(control.nowUs, data as DownRecord),
    );
    for (const name of names) {
      control.addHost({
        name,
        program: async (host) => {
          monitor.up(control.nowUs, name);
          const overlay = { ...OVERLAY_DEFAULTS, contacts: names.slice(0, 3) };
          (await startOverlay(host, { overlay, detector })).setSizeSource(() => NODES);
        },
      });
    }
    for (const name of names) control.boot(name, true);
    await control.run(SETTLED_US);
    control.network.addRule({ from: names, to: names, props: { loss: { perMillion: lossPerMillion } }, fault: null });
    const [wrongBefore, bytesBefore] = [monitor.falseSuspicions, sentBytes(control)];
    await control.run(SETTLED_US + WATCHED_US);
    const falseSuspicions = monitor.falseSuspicions - wrongBefore;
    const bytes = sentBytes(control) - bytesBefore;
    const victim = names[NODES - 1]!; // no contact
    monitor.down(control.nowUs, victim);
    control.kill(victim);
    await control.run(control.nowUs + 15 * SECOND_US);
    const latencies = monitor.detections.filter(({ peer }) => peer === victim).map(({ latencyUs }) => latencyUs);
    return { firstUs: Math.min(...latencies), lastUs: Math.max(...latencies), falseSuspicions, bytes };
  });
}

function sentBytes(control: Control): number {
  return control.hosts.reduce((sum, machine) => sum + control.network.datagramBytesSent(machine), 0);
}
