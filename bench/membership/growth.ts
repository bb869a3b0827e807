/** What a virtual second of a settled cluster costs at 100, 300 and 1,000 nodes, and how soon a crash is known. */
import { row, secondsOf, short } from "../measure.ts";
import { type Cluster, DETECTORS, heapMb, quantile, SECOND_US, SETTLED_US, withCluster } from "./cluster.ts";

const SIZES = [100, 300, 1_000];
const MEASURED_S = 20;
/** Crashes, one after the other; the cluster has settled again before the next. */
const CRASHES = 10;
const BETWEEN_US = 6 * SECOND_US;

/** All sizes with lashup's ping; at the largest also with its longer waits for many nodes, the only size where they differ. */
export async function benchGrowth(): Promise<void> {
  for (const size of SIZES) await measure(size, "ping, base 1.007");
  await measure(SIZES.at(-1)!, "ping, bases by size"); // SIZES is not empty
}

async function measure(size: number, detectorName: string): Promise<void> {
  const before = heapMb();
  await withCluster({ size, seed: `growth/${size}`, detector: DETECTORS[detectorName]! }, async (cluster) => {
    const { control } = cluster;
    const joining = await secondsOf(async () => void (await control.run(SETTLED_US)));
    const first = control.world.eventCount;
    const bytesBefore = bytesOf(cluster);
    const seconds = await secondsOf(async () => void (await control.run(SETTLED_US + MEASURED_S * SECOND_US)));
    const events = control.world.eventCount - first;
    const bytes = bytesOf(cluster).map((sum, i) => sum - bytesBefore[i]!); // one for each node, before and after
    const heap = heapMb() - before;
    const name = `${size} nodes, ${detectorName}`;
    row(
      name,
      `${(MEASURED_S / seconds).toFixed(1)} v s/s`,
      `${short(events / MEASURED_S)} ev and ${((1_000 * seconds) / MEASURED_S).toFixed(0)} ms of processor for each virtual s; joined and settled in ${joining.toFixed(0)} s`,
    );
    const resident = process.memoryUsage().rss / 1_048_576;
    row(
      "  bytes sent by a node in a virtual s: mean, most",
      `${short(bytes.reduce((a, b) => a + b, 0) / size / MEASURED_S)}B`,
      `${short(Math.max(...bytes) / MEASURED_S)}B; heap ${heap.toFixed(0)} MB (${((heap * 1_024) / size).toFixed(0)} KB a node), resident ${resident.toFixed(0)} MB`,
    );
    await crash(cluster);
  });
}

function bytesOf({ control, names }: Cluster): number[] {
  return names.map((name) => control.network.datagramBytesSent(control.host(name)));
}

/** Powers nodes off, one after the other: when the first neighbour knew, and when 90 % and all of the others no longer reached it. */
async function crash({ control, names, reach }: Cluster): Promise<void> {
  const first: number[] = [];
  const most: number[] = [];
  const all: number[] = [];
  const downUs: number[] = [];
  let crashedUs = 0;
  control.world.onObservation("membership.down", (_host, _incarnation, data) => {
    const { reason } = data as { readonly reason: string };
    if (reason !== "disconnect") downUs.push(control.nowUs - crashedUs);
  });
  const step = Math.floor(names.length / (CRASHES + 1));
  for (let i = 1; i <= CRASHES; i++) {
    const victim = names[i * step]!; // below the number of names
    reach.losses.length = 0;
    downUs.length = 0;
    crashedUs = control.nowUs;
    control.powerLoss(victim);
    await control.run(crashedUs + BETWEEN_US);
    const knew = reach.losses.filter(({ peer }) => peer === victim).map(({ latencyUs }) => latencyUs);
    const expected = names.length - i;
    first.push(Math.min(...downUs) / 1_000);
    // Observers that never had it in reach, or have not noticed in time, count as never.
    const late = Array.from({ length: Math.max(0, expected - knew.length) }, () => Number.POSITIVE_INFINITY);
    const times = [...knew, ...late].map((timeUs) => timeUs / 1_000);
    most.push(quantile(times, 0.9));
    all.push(quantile(times, 1));
  }
  const shown = (values: readonly number[]): string =>
    `${quantile(values, 0.5).toFixed(0)} ms (most ${Math.max(...values).toFixed(0)})`;
  row(
    `  a crash, medians of ${CRASHES}: first neighbour`,
    `${quantile(first, 0.5).toFixed(0)} ms`,
    `most ${Math.max(...first).toFixed(0)} ms; known to 90 % ${shown(most)}, to all ${shown(all)} after the crash`,
  );
}
