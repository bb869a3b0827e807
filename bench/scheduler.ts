/** Scheduler: events a second with synchronous handlers, and with async handlers of three awaits, the barrier between them. */
import { withNodeEngine } from "../runtime/engine.ts";
import type { EventKind, Incarnation } from "../sim/kernel.ts";
import { World } from "../sim/world.ts";
import { medianOf, row, secondsOf, short } from "./measure.ts";

const HOSTS = 5;
const PENDING = 200;

export async function benchScheduler(): Promise<void> {
  const sync = await medianOf(5, () => rate(3_000_000, true));
  row("scheduler, synchronous handlers", `${short(sync)} ev/s`, "floor 5 M");
  const async = await medianOf(5, () => rate(1_000_000, false));
  row("scheduler, async handlers with three awaits", `${short(async)} ev/s`, "floor 1 M");
}

async function rate(events: number, isSync: boolean): Promise<number> {
  return withNodeEngine({}, async (engine) => {
    const world = new World({ seed: "bench", engine, eventsMax: events });
    const incarnations: Incarnation[] = Array.from({ length: HOSTS }, (_, i) => ({
      hostIndex: i,
      hostName: `n${i}`,
      number: 1,
      isAlive: true,
      isPaused: false,
    }));
    let state = 1;
    const next = (): void => {
      state = Math.imul(state, 1664525) + 1013904223;
      world.at(
        world.nowUs + 1 + ((state >>> 8) & 1023),
        incarnations[(state >>> 4) % HOSTS]!,
        kind,
        null,
        null,
        isSync,
      );
    };
    const kind: EventKind = isSync
      ? { name: "bench", sync: true, run: next }
      : {
          name: "bench",
          sync: false,
          run: async () => {
            await null;
            await null;
            await null;
            next();
          },
        };
    for (let i = 0; i < PENDING; i++) next();
    const seconds = await secondsOf(async () => {
      await world.run(Number.MAX_SAFE_INTEGER);
    });
    return world.eventCount / seconds;
  });
}
