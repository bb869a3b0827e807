import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Arrival, collect, makeFault, makeNetWorld, type NetWorld } from "../../tests/conformance/net-world.ts";
import { HELD_PACKETS_MAX } from "./wire.ts";
import type { LinkProperties, RuleProperties } from "./properties.ts";

const STEADY: Partial<LinkProperties> = { latency: { shape: "uniform", minUs: 100, meanUs: 450 } };

type Sending = {
  readonly seed?: string;
  readonly link?: Partial<LinkProperties>;
  readonly messages?: number;
  readonly everyUs?: number;
  readonly isDeepChecking?: boolean;
  /** Runs before the first message. */
  readonly before?: (net: NetWorld) => void;
  /** Runs as events of the test side at these times. */
  readonly at?: readonly (readonly [timeUs: number, act: (net: NetWorld) => void])[];
  readonly to?: readonly string[];
};

/** n1 sends numbered messages to n2 (and others); returns what arrived where. */
async function send(options: Sending): Promise<{ readonly [host: string]: readonly Arrival[] }> {
  const { messages = 200, everyUs = 1_000, to = ["n2"] } = options;
  const net = makeNetWorld({
    seed: options.seed ?? "rules",
    isDeepChecking: options.isDeepChecking ?? false,
    net: { link: options.link ?? STEADY },
  });
  const from = collect(net, "n1", []);
  const got: { [host: string]: Arrival[] } = {};
  for (const name of to) collect(net, name, (got[name] = []));
  await net.runTo(0);
  const socket = await from;
  options.before?.(net);
  for (let n = 0; n < messages; n++) {
    net.world.schedule(n * everyUs, () => {
      net.on("n1", () => {
        for (const host of to) socket.send({ host, port: 1 }, { n });
      });
    });
  }
  for (const [timeUs, act] of options.at ?? []) {
    net.world.schedule(timeUs, () => {
      act(net);
    });
  }
  await net.runTo(60_000_000);
  return got;
}

const LINK = [["n1", "n2"]] as const;

function rule(props: RuleProperties, fault: ReturnType<typeof makeFault>): (net: NetWorld) => void {
  return (net) => net.network.addRule({ pairs: LINK, props, fault });
}

describe("a rule", () => {
  it("block drops everything on its direction, counts each drop, and heals", async () => {
    const fault = makeFault("partition");
    let heal = (): void => {};
    const got = await send({
      before: (net) => {
        heal = net.network.addRule({ from: ["n1"], to: ["n2"], props: { block: true }, fault });
      },
      at: [[100_500, () => heal()]],
    });
    expect(got["n2"]!.map((arrival) => arrival.n)).toEqual(Array.from({ length: 99 }, (_, n) => n + 101));
    expect(fault.effects).toBe(101);
  });

  it("block in one direction leaves the other one alone", async () => {
    const fault = makeFault("partition");
    const got = await send({
      before: (net) => net.network.addRule({ pairs: [["n2", "n1"]], props: { block: true }, fault }),
    });
    expect(got["n2"]!.length).toBe(200);
    expect(fault.effects).toBe(0);
  });

  it("block judges what is in flight when it would arrive", async () => {
    const fault = makeFault("partition");
    const heals: (() => void)[] = [];
    const link: Partial<LinkProperties> = { latency: { shape: "constant", minUs: 10_000, meanUs: 10_000 } };
    const block = (net: NetWorld): void => {
      heals.push(net.network.addRule({ pairs: LINK, props: { block: true }, fault }));
    };
    // Sent at 0, 1, …, 99 ms, each on its way for 10 ms. The block stands from 20.5 to 22.5 ms.
    const got = await send({
      link,
      messages: 100,
      at: [
        [20_500, block],
        [22_500, () => heals[0]!()],
      ],
    });
    const missing = Array.from({ length: 100 }, (_, n) => n).filter(
      (n) => !got["n2"]!.some((arrival) => arrival.n === n),
    );
    expect(missing).toEqual([11, 12, 21, 22]);
    expect(fault.effects).toBe(4);
  });

  it("is not counted when nobody would have taken the message", async () => {
    const fault = makeFault("partition");
    await send({
      before: (net) => {
        net.end("n2", "kill");
        net.network.addRule({ pairs: LINK, props: { block: true, loss: { perMillion: 500_000 } }, fault });
      },
    });
    expect(fault.effects).toBe(0);
  });

  it("loss drops its share, and the same packets at whatever other rules", async () => {
    const fault = makeFault("loss");
    const other = makeFault("delay");
    const alone = await send({ before: rule({ loss: { perMillion: 300_000 } }, fault) });
    const lost = 200 - alone["n2"]!.length;
    expect(lost).toBeGreaterThan(40);
    expect(lost).toBeLessThan(80);
    expect(fault.effects).toBe(lost);
    const delay = { shape: "constant", minUs: 5_000, meanUs: 5_000 } as const;
    const both = await send({
      before: (net) => {
        rule({ delay }, other)(net);
        rule({ loss: { perMillion: 300_000 } }, makeFault("loss"))(net);
      },
    });
    expect(both["n2"]!.map((arrival) => [arrival.n, arrival.atUs - 5_000])).toEqual(
      alone["n2"]!.map((arrival) => [arrival.n, arrival.atUs]),
    );
    expect(other.effects).toBe(200 - lost);
  });

  it("correlated loss comes in bursts at the same rate", async () => {
    const runs = { even: 0, bursty: 0 };
    const losses = { even: 0, bursty: 0 };
    for (const [name, correlationPerMillion] of [
      ["even", 0],
      ["bursty", 750_000],
    ] as const) {
      const loss = { perMillion: 200_000, correlationPerMillion };
      const got = await send({ messages: 4_000, everyUs: 2_000, before: rule({ loss }, makeFault("loss")) });
      const arrived = new Set(got["n2"]!.map((arrival) => arrival.n));
      for (let n = 0; n < 4_000; n++) {
        if (arrived.has(n)) continue;
        losses[name]++;
        if (arrived.has(n - 1)) runs[name]++;
      }
    }
    expect(losses.even).toBeGreaterThan(700);
    expect(losses.even).toBeLessThan(900);
    expect(losses.bursty).toBeGreaterThan(600);
    expect(losses.bursty).toBeLessThan(1_000);
    // Mean length of a burst: 1 / (1 - p) = 1.25 without, 1 / ((1 - c)(1 - p)) = 5 with correlation.
    expect(losses.even / runs.even).toBeLessThan(1.5);
    expect(losses.bursty / runs.bursty).toBeGreaterThan(4);
  });

  it("duplicate delivers a second copy, counted when it arrives", async () => {
    const fault = makeFault("duplicate");
    const got = await send({ before: rule({ duplicate: { perMillion: 250_000 } }, fault) });
    const copies = got["n2"]!.length - 200;
    expect(copies).toBeGreaterThan(30);
    expect(copies).toBeLessThan(70);
    expect(fault.effects).toBe(copies);
    const plain = await send({});
    const firsts = new Map<number, number[]>();
    for (const { n, atUs } of got["n2"]!) firsts.set(n, [...(firsts.get(n) ?? []), atUs]);
    for (const { n, atUs } of plain["n2"]!) expect(firsts.get(n)).toContain(atUs);
  });

  it("delay adds its time, and is not counted when it adds none", async () => {
    const fault = makeFault("delay");
    const plain = await send({});
    const delay = { shape: "uniform", minUs: 1_000, meanUs: 3_000, odds: { perMillion: 500_000 } } as const;
    const got = await send({ before: rule({ delay }, fault) });
    const plainAt = new Map(plain["n2"]!.map((arrival) => [arrival.n, arrival.atUs]));
    let delayed = 0;
    for (const { n, atUs } of got["n2"]!) {
      const extraUs = atUs - plainAt.get(n)!;
      if (extraUs === 0) continue;
      delayed++;
      expect(extraUs).toBeGreaterThanOrEqual(1_000);
      expect(extraUs).toBeLessThanOrEqual(5_000);
    }
    expect(fault.effects).toBe(delayed);
    expect(delayed).toBeGreaterThan(70);
    const idle = makeFault("delay");
    await send({ before: rule({ delay: { shape: "constant", minUs: 0, meanUs: 0 } }, idle) });
    expect(idle.effects).toBe(0);
  });

  it("reorder is counted only for packets that were overtaken", async () => {
    const fault = makeFault("reorder");
    const props = { reorder: { perMillion: 200_000, delayUsMax: 5_000 } };
    const got = await send({ before: rule(props, fault) });
    let overtaken = 0;
    let highest = -1;
    for (const { n } of got["n2"]!) {
      if (n < highest) overtaken++;
      else highest = n;
    }
    expect(got["n2"]!.length).toBe(200);
    expect(overtaken).toBeGreaterThan(20);
    expect(fault.effects).toBe(overtaken);
    const sparse = makeFault("reorder");
    await send({ messages: 50, everyUs: 10_000, before: rule(props, sparse) });
    expect(sparse.effects).toBe(0);
  });

  it("corrupt flips bits: a message is garbled, or dropped when its decoder sees it", async () => {
    const fault = makeFault("corrupt");
    const props = { corrupt: { perMillion: 300_000, bitsMax: 4 } };
    const got = await send({ isDeepChecking: true, before: rule(props, fault) });
    const garbled = got["n2"]!.filter(
      (arrival) => arrival.n < 0 || arrival.n >= 200 || arrival.n !== Math.floor(arrival.n),
    );
    expect(fault.effects).toBeGreaterThan(40);
    expect(fault.effects).toBeLessThan(80);
    expect(garbled.length).toBeGreaterThan(10);
    expect(got["n2"]!.length).toBe(200);
  });

  it("hold keeps packets, and its heal releases them in order", async () => {
    const fault = makeFault("hold");
    let heal = (): void => {};
    const got = await send({
      messages: 20,
      before: (net) => {
        heal = net.network.addRule({ pairs: LINK, props: { hold: true }, fault });
      },
      at: [[500_000, () => heal()]],
    });
    expect(got["n2"]!.map((arrival) => arrival.n)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    for (const { atUs } of got["n2"]!) expect(atUs).toBe(500_000);
    expect(fault.effects).toBe(20);
  });

  it("hold under a second hold stays held, and a block at the release drops", async () => {
    const heals: (() => void)[] = [];
    const fault = makeFault("partition");
    const got = await send({
      messages: 3,
      before: (net) => {
        for (let i = 0; i < 2; i++)
          heals.push(net.network.addRule({ pairs: LINK, props: { hold: true }, fault: null }));
      },
      at: [
        [100_000, () => heals[0]!()],
        [200_000, (net) => net.network.addRule({ pairs: LINK, props: { block: true }, fault })],
        [300_000, () => heals[1]!()],
      ],
    });
    expect(got["n2"]).toEqual([]);
    expect(fault.effects).toBe(3);
  });

  it("hold drops what exceeds its bound", async () => {
    const fault = makeFault("hold");
    let heal = (): void => {};
    const got = await send({
      messages: HELD_PACKETS_MAX + 5,
      everyUs: 10,
      before: (net) => {
        heal = net.network.addRule({ pairs: LINK, props: { hold: true }, fault });
      },
      at: [[500_000, () => heal()]],
    });
    expect(got["n2"]!.length).toBe(HELD_PACKETS_MAX);
    expect(fault.effects).toBe(HELD_PACKETS_MAX + 5);
  });

  it("slow-link queues packets at its bandwidth and multiplies the latency", async () => {
    const fault = makeFault("slow-link");
    const link: Partial<LinkProperties> = { latency: { shape: "constant", minUs: 300, meanUs: 300 } };
    // Four bytes at 400 bytes/s take 10 ms each.
    const got = await send({
      link,
      messages: 5,
      everyUs: 0,
      before: rule({ slow: { bytesPerSecond: 400, latencyTimes: 10 } }, fault),
    });
    expect(got["n2"]!.map((arrival) => arrival.atUs)).toEqual([13_000, 23_000, 33_000, 43_000, 53_000]);
    expect(fault.effects).toBeGreaterThanOrEqual(5);
  });

  it("slow-link with a small capacity drops what exceeds it", async () => {
    for (const overflow of ["tail", "random"] as const) {
      const fault = makeFault("slow-link");
      const got = await send({
        link: { ...STEADY, overflow },
        messages: 30,
        everyUs: 0,
        before: rule({ slow: { capacityPackets: 10 } }, fault),
      });
      const arrived = got["n2"]!.map((arrival) => arrival.n).sort((x, y) => x - y);
      expect(arrived.length).toBe(10);
      expect(fault.effects).toBe(20);
      const isTail = arrived.every((n, i) => n === i);
      expect(isTail).toBe(overflow === "tail");
    }
  });

  it("names what is wrong with it", async () => {
    const net = makeNetWorld();
    net.boot("n1");
    expect(() => net.network.addRule({ from: ["n1"], to: ["n9"], props: { block: true }, fault: null })).toThrow(
      'The network has no host "n9" (hosts are n1).',
    );
    const loss = { perMillion: 1_000_001 };
    expect(() => net.network.addRule({ pairs: [], props: { loss }, fault: makeFault("loss") })).toThrow(
      "rule of loss.loss.perMillion must be a whole number from 0 to 1000000; found 1000001.",
    );
    expect(() => net.network.addRule({ pairs: [], props: {}, fault: null })).toThrow("would do nothing");
  });
});

describe("keyed outcomes", () => {
  const anyProps: fc.Arbitrary<RuleProperties> = fc.oneof(
    fc.constant<RuleProperties>({ block: true }),
    fc.constant<RuleProperties>({ hold: true }),
    fc.integer({ min: 1, max: 900_000 }).map((perMillion): RuleProperties => ({ loss: { perMillion } })),
    fc.integer({ min: 1, max: 900_000 }).map((perMillion): RuleProperties => ({ duplicate: { perMillion } })),
    fc.integer({ min: 1, max: 900_000 }).map((perMillion): RuleProperties => ({ corrupt: { perMillion } })),
    fc
      .integer({ min: 1, max: 9_000 })
      .map((delayUsMax): RuleProperties => ({ reorder: { perMillion: 500_000, delayUsMax } })),
    fc
      .integer({ min: 1, max: 9_000 })
      .map((meanUs): RuleProperties => ({ delay: { shape: "exponential", minUs: 0, meanUs } })),
    fc.integer({ min: 100, max: 9_000 }).map((bytesPerSecond): RuleProperties => ({ slow: { bytesPerSecond } })),
  );

  it("a rule on one link changes no delivery on another one", async () => {
    await fc.assert(
      fc.asyncProperty(anyProps, fc.string({ maxLength: 4 }), async (props, seed) => {
        const options = { seed, messages: 30, to: ["n2", "n3"] };
        const plain = await send(options);
        const ruled = await send({ ...options, before: rule(props, makeFault("x")) });
        expect(ruled["n3"]).toEqual(plain["n3"]);
      }),
      { numRuns: 40 },
    );
  });

  it("losing messages changes nothing for those that are not lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 999_999 }), fc.string({ maxLength: 4 }), async (perMillion, seed) => {
        const link: Partial<LinkProperties> = { ...STEADY, duplicatePerMillion: 200_000, corruptPerMillion: 200_000 };
        const plain = await send({ seed, link, messages: 40 });
        const lossy = await send({
          seed,
          link,
          messages: 40,
          before: rule({ loss: { perMillion } }, makeFault("loss")),
        });
        const kept = new Set(lossy["n2"]!.map((arrival) => `${arrival.n}@${arrival.atUs}`));
        expect(plain["n2"]!.filter((arrival) => kept.has(`${arrival.n}@${arrival.atUs}`))).toEqual(lossy["n2"]);
      }),
      { numRuns: 30 },
    );
  });

  it("losing messages changes no burst of another rate", async () => {
    const odds = { perMillion: 300_000, correlationPerMillion: 750_000 };
    const bursts: RuleProperties = {
      duplicate: odds,
      corrupt: odds,
      reorder: { ...odds, delayUsMax: 5_000 },
      delay: { shape: "constant", minUs: 3_000, meanUs: 3_000, odds },
    };
    const plain = await send({ messages: 300, before: rule(bursts, makeFault("x")) });
    const lossy = await send({
      messages: 300,
      before: (net) => {
        rule(bursts, makeFault("x"))(net);
        rule({ loss: { perMillion: 400_000 } }, makeFault("loss"))(net);
      },
    });
    const kept = new Set(lossy["n2"]!.map((arrival) => `${arrival.n}@${arrival.atUs}`));
    expect(lossy["n2"]!.length).toBeGreaterThan(150);
    expect(plain["n2"]!.filter((arrival) => kept.has(`${arrival.n}@${arrival.atUs}`))).toEqual(lossy["n2"]);
  });

  it("healing restores exactly the deliveries that would have been", async () => {
    const plain = await send({ messages: 100 });
    for (const props of [{ block: true }, { loss: { perMillion: 500_000 } }, { duplicate: { perMillion: 500_000 } }]) {
      let heal = (): void => {};
      const healed = await send({
        messages: 100,
        before: (net) => {
          heal = net.network.addRule({ pairs: LINK, props, fault: null });
        },
        at: [[49_500, () => heal()]],
      });
      const late = (arrivals: readonly Arrival[]): readonly Arrival[] => arrivals.filter((arrival) => arrival.n >= 50);
      expect(late(healed["n2"]!)).toEqual(late(plain["n2"]!));
    }
  });
});
