import { expect, test } from "vitest";
import { Random } from "../../../sim/random.ts";
import { PING_DEFAULTS, type PingOptions } from "./options.ts";
import { PingCore } from "./ping-core.ts";

type Event = readonly ["ping" | "down", string, number];

/** A detector whose peers answer after a time of their own, or never. */
class Bench {
  readonly events: Event[] = [];
  readonly core: PingCore;
  readonly rttUs: Map<string, number> = new Map();
  readonly #pongs: {
    readonly atUs: number;
    readonly peer: string;
    readonly sequence: number;
    readonly sentUs: number;
  }[] = [];
  nowUs = 0;

  constructor(options: Partial<PingOptions> = {}) {
    const output = {
      ping: (peer: string, sequence: number) => {
        this.events.push(["ping", peer, this.nowUs]);
        const rttUs = this.rttUs.get(peer);
        if (rttUs !== undefined) this.#pongs.push({ atUs: this.nowUs + rttUs, peer, sequence, sentUs: this.nowUs });
      },
      answered: () => {},
      down: (peer: string) => void this.events.push(["down", peer, this.nowUs]),
      clusterSize: () => 1,
    };
    this.core = new PingCore({ ...PING_DEFAULTS, startUs: 1, ...options }, new Random("ping", "test"), output, 0);
  }

  runUntil(untilUs: number): void {
    for (;;) {
      const pong = this.#pongs.toSorted((x, y) => x.atUs - y.atUs)[0];
      const nextUs = Math.min(this.core.dueUs, pong?.atUs ?? Number.POSITIVE_INFINITY);
      if (nextUs > untilUs) break;
      this.nowUs = nextUs;
      if (pong !== undefined && pong.atUs === nextUs) {
        this.#pongs.splice(this.#pongs.indexOf(pong), 1);
        this.core.onPong(pong.peer, pong.sequence, pong.sentUs, nextUs);
      } else this.core.tick(nextUs);
    }
    this.nowUs = untilUs;
  }

  times(kind: Event[0], peer: string): readonly number[] {
    return this.events.filter(([what, who]) => what === kind && who === peer).map(([, , atUs]) => atUs);
  }
}

test("pings one neighbour after the other, each at least once in a round of 200 ms for each, also while others come and go", () => {
  const bench = new Bench();
  for (const peer of ["a", "b", "c", "d"]) {
    bench.rttUs.set(peer, 1_000);
    bench.core.watch(peer, 0);
  }
  for (let i = 0; i < 200; i++) {
    // Somebody new takes the place of somebody else all the time.
    const [gone, come] = i % 2 === 0 ? ["d", "e"] : ["e", "d"];
    bench.rttUs.set(come!, 1_000);
    bench.core.unwatch(gone!);
    bench.core.watch(come!, bench.nowUs);
    bench.runUntil(bench.nowUs + 50_000);
  }
  for (const peer of ["a", "b", "c"]) {
    const times = [0, ...bench.times("ping", peer)];
    const longestUs = Math.max(...times.slice(1).map((atUs, i) => atUs - times[i]!));
    expect(longestUs).toBeLessThanOrEqual(4 * 200_000);
  }
  expect(bench.events.filter(([kind]) => kind === "down")).toEqual([]);
});

test("a silent neighbour is down after its expiry, within a turn of the view and the longest wait", () => {
  const bench = new Bench();
  for (const peer of ["a", "b", "c"]) {
    bench.rttUs.set(peer, 5_000);
    bench.core.watch(peer, 0);
  }
  bench.runUntil(3_000_000);
  bench.rttUs.delete("b");
  bench.runUntil(10_000_000);
  const lastPingUs = bench.times("ping", "b").find((atUs) => atUs > 3_000_000)!;
  expect(bench.times("down", "b")).toEqual([lastPingUs + 660_000]);
  expect(lastPingUs).toBeLessThanOrEqual(3_000_000 + 3 * 200_000);
  expect([...bench.core.watched()].sort()).toEqual(["a", "c"]);
});

test("waits as the last answer says, and forgets it when the watch ends", () => {
  const bench = new Bench();
  bench.rttUs.set("a", 500_000);
  bench.core.watch("a", 0);
  bench.runUntil(5_000_000);
  expect(bench.times("down", "a")).toEqual([]);
  bench.rttUs.delete("a");
  bench.runUntil(10_000_000);
  const [firstUs] = bench.times("down", "a");
  bench.core.watch("a", bench.nowUs);
  bench.runUntil(20_000_000);
  const again = bench.times("ping", "a").filter((atUs) => atUs >= 10_000_000);
  // 1,000 ms for an unknown neighbour; the wait of the first time was that for 500 ms.
  expect(bench.times("down", "a")).toEqual([firstUs, again[0]! + 1_000_000]);
  expect(bench.times("ping", "a").some((atUs) => atUs + 890_000 === firstUs)).toBe(true);
});

test("checkNow pings at once and only who is watched", () => {
  const bench = new Bench({ startUs: 60_000_000 });
  bench.core.watch("a", 0);
  bench.core.checkNow("a", 0);
  bench.core.checkNow("b", 0);
  expect(bench.events).toEqual([["ping", "a", 0]]);
  bench.runUntil(2_000_000);
  expect(bench.times("down", "a")).toEqual([1_000_000]);
});

test("an answer to a later ping counts for the earlier one, one to an earlier boot's ping for nothing", () => {
  const bench = new Bench({ startUs: 60_000_000 });
  bench.core.watch("a", 0);
  bench.core.checkNow("a", 0);
  bench.core.checkNow("a", 0);
  bench.core.onPong("a", 0, 0, 10);
  bench.runUntil(999_999);
  bench.core.onPong("a", 2, 0, bench.nowUs);
  bench.runUntil(3_000_000);
  expect(bench.times("down", "a")).toEqual([]);
});

test("a host that stood still starts over instead of accusing everybody", () => {
  const bench = new Bench();
  for (const peer of ["a", "b"]) {
    bench.rttUs.set(peer, 5_000);
    bench.core.watch(peer, 0);
  }
  bench.runUntil(1_000_000);
  bench.core.checkNow("a", bench.nowUs);
  bench.core.checkNow("b", bench.nowUs);
  bench.nowUs = 30_000_000;
  bench.core.tick(bench.nowUs);
  bench.runUntil(40_000_000);
  expect(bench.events.filter(([kind]) => kind === "down")).toEqual([]);
});
