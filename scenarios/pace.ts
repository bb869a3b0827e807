/**
 * The pace of a workload: stretches in which clients do little, or only read, so that what a busy log hides comes to light.
 *
 * Under steady writes the next command repairs what a heartbeat, a timer or a retransmission should have: a follower that lags with
 * nothing new to append, a session that expires, an index that no entry confirms. The stretches lie at the same planned time for all
 * processes and come from a stream of random numbers of their own, so that a workload keeps its draws.
 */
import type { Random } from "../sim/random.ts";
import type { PlannedOperation, ScenarioContext, Setting } from "./scenario.ts";

/** To be declared as the setting `pace` by every scenario whose workload is `paced`. */
export const PACE_SETTING: Setting = {
  kind: "choice",
  of: ["varied", "usual"],
  about: "varied: with stretches in which clients do little, or only read; usual: without",
};

/** `sparse`: think times are many times longer, up to silence. `read-only`: no operation changes anything. */
export type PaceKind = "sparse" | "read-only";

export type Stretch = {
  readonly kind: PaceKind;
  /** Planned time since the workload began, microseconds; `toUs` is not part of it. */
  readonly fromUs: number;
  readonly toUs: number;
  /** What think times are multiplied by; 1 where they stay. */
  readonly factor: number;
};

export type PaceOptions = {
  /** What an operation takes, roughly, microseconds: counted with the think times, so that planned time is near true time. */
  readonly operationUs: number;
  /** The operation that takes the place of one in a read-only stretch: itself where it changes nothing. Must not draw. */
  readonly asRead: (operation: PlannedOperation) => Pick<PlannedOperation, "f" | "key" | "value">;
};

const STRETCHES_MAX = 3;
/**
 * Of the whole, in thousandths: a stretch, and what all of them leave for busy times. Silence on top of a long outage leaves a run with too
 * few operations to judge, so sparse stretches are the shorter ones.
 */
const STRETCH_PER_MILLE_MIN = 120;
const STRETCH_PER_MILLE_MAX = { sparse: 200, "read-only": 300 } as const;
const BUSY_PER_MILLE = 400;
/** The last one is longer than any stretch: silence. */
const SPARSE_FACTORS = [8, 20, 50, 1_000] as const;

/**
 * The operations at the pace that the setting `pace` says, in the same order and number; stretches are drawn from the stream `pace` of
 * `random` and lie within `chaosUs`. All processes keep to a stretch, give or take an operation that takes longer than expected.
 * Throws RangeError where the scenario does not declare the setting.
 */
export function paced(
  operations: readonly PlannedOperation[],
  random: Random,
  { settings }: ScenarioContext,
  options: PaceOptions,
): PlannedOperation[] {
  const { pace } = settings;
  if (pace !== "varied" && pace !== "usual") {
    throw new RangeError(`setting pace: expected "varied" or "usual", found ${pace}. Declare it as PACE_SETTING.`);
  }
  const stretches = pace === "usual" ? [] : drawStretches(random.fork("pace"), Number(settings["chaosUs"]));
  return atPace(operations, stretches, options);
}

/** From one to three stretches in order, apart from each other, within `lastsUs`. */
export function drawStretches(random: Random, lastsUs: number): Stretch[] {
  const drawn: { readonly kind: PaceKind; readonly share: number }[] = [];
  let leftPerMille = 1000 - BUSY_PER_MILLE;
  for (let i = random.between(1, STRETCHES_MAX); i > 0 && leftPerMille >= STRETCH_PER_MILLE_MIN; i--) {
    const kind = random.pick(["sparse", "read-only"] as const);
    const share = random.between(STRETCH_PER_MILLE_MIN, Math.min(STRETCH_PER_MILLE_MAX[kind], leftPerMille));
    leftPerMille -= share;
    drawn.push({ kind, share });
  }
  // What is left is the busy time around the stretches.
  let busyPerMille = leftPerMille + BUSY_PER_MILLE;
  let atPerMille = 0;
  return drawn.map(({ kind, share }) => {
    const gap = random.between(0, busyPerMille);
    busyPerMille -= gap;
    const fromPerMille = atPerMille + gap;
    atPerMille = fromPerMille + share;
    const factor = random.pick(SPARSE_FACTORS);
    return {
      kind,
      fromUs: Math.floor((fromPerMille * lastsUs) / 1000),
      toUs: Math.floor((atPerMille * lastsUs) / 1000),
      factor: kind === "sparse" ? factor : 1,
    };
  });
}

/** As `paced`, with the stretches that are given. */
export function atPace(
  operations: readonly PlannedOperation[],
  stretches: readonly Stretch[],
  options: PaceOptions,
): PlannedOperation[] {
  if (stretches.length === 0) return [...operations];
  /** Planned time at which each process is ready for its next operation. */
  const readyUs = new Map<number, number>();
  return operations.map((operation) => {
    const { process } = operation;
    const atUs = readyUs.get(process) ?? 0;
    const afterUs = thinkUs(operation.afterUs, atUs, stretches);
    const startUs = atUs + afterUs;
    readyUs.set(process, startUs + options.operationUs);
    const within = stretchAt(startUs, stretches);
    const what = within?.kind === "read-only" ? options.asRead(operation) : {};
    return { ...operation, ...what, afterUs };
  });
}

function stretchAt(timeUs: number, stretches: readonly Stretch[]): Stretch | undefined {
  return stretches.find(({ fromUs, toUs }) => timeUs >= fromUs && timeUs < toUs);
}

/** A process that thinks longer wakes with the others, when the stretch is over. */
function thinkUs(usualUs: number, atUs: number, stretches: readonly Stretch[]): number {
  const stretch = stretchAt(atUs + usualUs, stretches);
  if (stretch === undefined) return usualUs;
  return Math.min(usualUs * stretch.factor, Math.max(usualUs, stretch.toUs - atUs + usualUs));
}
