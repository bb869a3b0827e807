import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeFault, makeNetWorld, type NetWorld } from "../../tests/conformance/net-world.ts";
import type { Connection, ConnectionHandlers, Net, NetError } from "../host.ts";
import type { RuleProperties } from "./properties.ts";

/** One end of a connection. */
type End = {
  connection: Connection | null;
  readonly bytes: number[];
  readonly calls: string[];
  /** When each byte came. */
  readonly atUs: number[];
  error: NetError | null | undefined;
  closedUs: number;
};

type Pair = { readonly net: NetWorld; readonly nets: { n1: Net; n2: Net }; readonly client: End; readonly server: End };

const TO = { host: "n2", port: 80 } as const;
const BOTH = { from: ["n1", "n2"], to: ["n1", "n2"] } as const;

function makeEnd(): End {
  return { connection: null, bytes: [], calls: [], atUs: [], error: undefined, closedUs: 0 };
}

function keep(net: NetWorld, end: End): (connection: Connection) => ConnectionHandlers {
  return (connection) => {
    end.connection = connection;
    return {
      sync: true,
      onData: (bytes) => {
        for (const byte of bytes) {
          end.bytes.push(byte);
          end.atUs.push(net.world.nowUs);
        }
      },
      onDrain: () => void end.calls.push("drain"),
      onEnd: () => void end.calls.push("end"),
      onClose: (error) => {
        end.calls.push("close");
        end.error = error;
        end.closedUs = net.world.nowUs;
      },
    };
  };
}

/** An open connection from n1 to n2. */
async function pair(options: Parameters<typeof makeNetWorld>[0] = {}): Promise<Pair> {
  const net = makeNetWorld(options);
  const nets = { n1: net.boot("n1"), n2: net.boot("n2") };
  const [client, server] = [makeEnd(), makeEnd()];
  net.on("n2", () => void nets.n2.listen(80, keep(net, server)));
  await net.runTo(0);
  net.on("n1", () => void nets.n1.connect(TO, keep(net, client)));
  await net.runTo(500_000);
  expect(client.connection).not.toBe(null);
  expect(server.connection).not.toBe(null);
  return { net, nets, client, server };
}

/** Connects from n1 and returns the error code, and when it came. */
async function failure(
  net: NetWorld,
  host: Net,
  to: { host: string; port: number },
  timeoutUs?: number,
): Promise<string> {
  let told = "nothing";
  const startUs = net.world.nowUs;
  net.on("n1", () => {
    const handlers = keep(net, makeEnd());
    host.connect(to, handlers, timeoutUs === undefined ? {} : { timeoutUs }).then(
      () => {
        told = "connected";
      },
      (error: NetError) => {
        told = `${error.code} after ${net.world.nowUs - startUs}`;
      },
    );
  });
  await net.runTo(net.world.nowUs + 20_000_000);
  return told;
}

describe("connect", () => {
  it("tells closed ports, dead hosts, partitions and unknown names apart", async () => {
    const { net, nets } = await pair({ net: { link: { latency: { shape: "constant", minUs: 100, meanUs: 100 } } } });
    expect(await failure(net, nets.n1, { host: "n2", port: 81 })).toBe("ECONNREFUSED after 200");
    expect(await failure(net, nets.n1, { host: "n9", port: 80 })).toBe("EHOSTUNREACH after 0");
    const fault = makeFault("partition");
    const heal = net.network.addRule({ pairs: [["n2", "n1"]], props: { block: true }, fault });
    expect(await failure(net, nets.n1, TO, 700_000)).toBe("ETIMEDOUT after 700000");
    expect(fault.effects).toBeGreaterThan(0);
    heal();
    net.end("n2", "kill");
    expect(await failure(net, nets.n1, TO)).toBe("ECONNREFUSED after 200");
    net.boot("n2");
    net.end("n2", "power-loss");
    expect(await failure(net, nets.n1, TO)).toBe("ETIMEDOUT after 3000000");
  });

  it("succeeds after a short partition, by trying again", async () => {
    const { net, nets } = await pair();
    const heal = net.network.addRule({ ...BOTH, props: { block: true }, fault: null });
    net.world.schedule(net.world.nowUs + 300_000, () => heal());
    expect(await failure(net, nets.n1, TO)).toBe("connected");
  });

  it("of an incarnation that ends is never settled", async () => {
    const { net, nets } = await pair();
    let isSettled = false;
    net.on("n1", () => {
      const settle = (): void => {
        isSettled = true;
      };
      nets.n1.connect({ host: "n2", port: 81 }, keep(net, makeEnd())).then(settle, settle);
      net.end("n1", "kill");
      nets.n1.connect(TO, keep(net, makeEnd())).then(settle, settle);
    });
    await net.runTo(20_000_000);
    expect(isSettled).toBe(false);
  });

  it("waits when the backlog of a paused host is full", async () => {
    const { net, nets } = await pair({ net: { stream: { backlogMax: 2 } } });
    net.setPaused("n2", true);
    const ends = [makeEnd(), makeEnd(), makeEnd()];
    for (const end of ends) net.on("n1", () => void nets.n1.connect(TO, keep(net, end)));
    await net.runTo(1_000_000);
    expect(ends.filter((end) => end.connection !== null).length).toBe(2);
    net.setPaused("n2", false);
    await net.runTo(4_000_000);
    expect(ends.filter((end) => end.connection !== null).length).toBe(3);
    expect(net.world.properties.marks.get("net.backlog-full")).toBeGreaterThan(0);
  });
});

describe("a connection under faults", () => {
  const anyProps: fc.Arbitrary<RuleProperties> = fc.oneof(
    fc.integer({ min: 1, max: 500_000 }).map((perMillion): RuleProperties => ({ loss: { perMillion } })),
    fc.integer({ min: 1, max: 300_000 }).map((perMillion): RuleProperties => ({ corrupt: { perMillion } })),
    fc.integer({ min: 1, max: 900_000 }).map((perMillion): RuleProperties => ({ duplicate: { perMillion } })),
    fc
      .integer({ min: 1, max: 9_000 })
      .map((delayUsMax): RuleProperties => ({ reorder: { perMillion: 500_000, delayUsMax } })),
    fc
      .integer({ min: 1, max: 90_000 })
      .map((meanUs): RuleProperties => ({ delay: { shape: "exponential", minUs: 0, meanUs } })),
    fc.integer({ min: 9_000, max: 90_000 }).map((bytesPerSecond): RuleProperties => ({ slow: { bytesPerSecond } })),
    fc.integer({ min: 2, max: 5 }).map((capacityPackets): RuleProperties => ({ slow: { capacityPackets } })),
    fc.constant<RuleProperties>({ block: true }),
    fc.constant<RuleProperties>({ hold: true }),
  );
  const anyRule = fc.record({ props: anyProps, fromUs: fc.nat(900_000), forUs: fc.nat(900_000), isBack: fc.boolean() });
  const anyPause = fc.record({ host: fc.constantFrom("n1", "n2"), fromUs: fc.nat(900_000), forUs: fc.nat(900_000) });

  it("delivers every byte in order once the faults are over, and ends both ways", async () => {
    const seeds = fc.string({ maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(
        seeds,
        fc.array(anyRule, { maxLength: 3 }),
        fc.array(anyPause, { maxLength: 1 }),
        async (seed, rules, pauses) => {
          const { net, client, server } = await pair({ seed, net: { stream: { userTimeoutUs: 60_000_000 } } });
          const startUs = net.world.nowUs;
          for (const { props, fromUs, forUs, isBack } of rules) {
            let heal = (): void => {};
            net.world.schedule(startUs + fromUs, () => {
              heal = net.network.addRule({ pairs: [isBack ? ["n2", "n1"] : ["n1", "n2"]], props, fault: null });
            });
            net.world.schedule(startUs + fromUs + forUs, () => heal());
          }
          for (const { host, fromUs, forUs } of pauses) {
            net.world.schedule(startUs + fromUs, () => net.setPaused(host, true));
            net.world.schedule(startUs + fromUs + forUs, () => net.setPaused(host, false));
          }
          const piece = (n: number): Uint8Array => new Uint8Array(1_500).fill(n);
          for (let n = 0; n < 40; n++) {
            net.world.schedule(startUs + n * 40_000, () => {
              net.on("n1", () => void client.connection!.write(piece(n)));
              net.on("n2", () => void server.connection!.write(piece(n)));
            });
          }
          net.world.schedule(startUs + 1_700_000, () => {
            net.on("n1", () => client.connection!.end());
            net.on("n2", () => server.connection!.end());
          });
          await net.runTo(startUs + 120_000_000);
          const expected = Array.from({ length: 40 * 1_500 }, (_, i) => Math.floor(i / 1_500));
          for (const end of [client, server]) {
            expect(end.error).toBe(null);
            expect(end.calls.filter((call) => call !== "drain")).toEqual(["end", "close"]);
            expect(Buffer.from(end.bytes).equals(Buffer.from(expected))).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("counts what loss, corruption, delay and reordering did to its segments; a duplicate does nothing", async () => {
    const effects: { [kind: string]: number } = {};
    const marks = new Set<string>();
    const kinds: { readonly [kind: string]: RuleProperties } = {
      loss: { loss: { perMillion: 200_000 } },
      corrupt: { corrupt: { perMillion: 200_000 } },
      delay: { delay: { shape: "constant", minUs: 2_000, meanUs: 2_000 } },
      reorder: { reorder: { perMillion: 300_000, delayUsMax: 3_000 } },
      duplicate: { duplicate: { perMillion: 500_000 } },
    };
    for (const [kind, props] of Object.entries(kinds)) {
      const fault = makeFault(kind);
      const { net, client, server } = await pair();
      net.network.addRule({ pairs: [["n1", "n2"]], props, fault });
      net.on("n1", () => void client.connection!.write(new Uint8Array(300_000).fill(7)));
      await net.runTo(10_000_000);
      expect(server.bytes.length).toBe(300_000);
      expect(server.bytes.every((byte) => byte === 7)).toBe(true);
      effects[kind] = fault.effects;
      for (const mark of net.world.properties.marks.keys()) marks.add(mark);
    }
    expect(effects["loss"]).toBeGreaterThan(3);
    expect(effects["corrupt"]).toBeGreaterThan(3);
    expect(effects["delay"]).toBeGreaterThan(30);
    expect(effects["reorder"]).toBeGreaterThan(3);
    expect(effects["duplicate"]).toBe(0);
    expect([...marks].sort()).toEqual(["net.checksum", "net.fast-retransmit", "net.retransmit"]);
  });

  it("fails with ETIMEDOUT when nothing is acknowledged for the timeout, and not while it is idle", async () => {
    const { net, client, server } = await pair();
    net.network.addRule({ ...BOTH, props: { block: true }, fault: null });
    await net.runTo(60_000_000);
    expect([client.error, server.error]).toEqual([undefined, undefined]);
    net.on("n1", () => void client.connection!.write(Uint8Array.of(1)));
    await net.runTo(120_000_000);
    expect(client.error?.code).toBe("ETIMEDOUT");
    expect(client.closedUs).toBe(65_000_000);
    expect(net.world.properties.marks.get("net.stream-timeout")).toBe(1);
    expect(server.error).toBe(undefined);
  });

  it("goes on after a partition shorter than the timeout", async () => {
    const { net, client, server } = await pair();
    const heal = net.network.addRule({ pairs: [["n1", "n2"]], props: { block: true }, fault: null });
    net.on("n1", () => void client.connection!.write(Uint8Array.of(1, 2, 3)));
    await net.runTo(4_000_000);
    expect(server.bytes).toEqual([]);
    heal();
    await net.runTo(8_000_000);
    expect(server.bytes).toEqual([1, 2, 3]);
    expect(net.world.properties.marks.get("net.retransmit")).toBeGreaterThan(1);
  });

  it("is slowed down to the bandwidth of its link", async () => {
    const fault = makeFault("slow-link");
    const { net, client, server } = await pair();
    net.network.addRule({ pairs: [["n1", "n2"]], props: { slow: { bytesPerSecond: 100_000 } }, fault });
    net.on("n1", () => void client.connection!.write(new Uint8Array(200_000)));
    await net.runTo(10_000_000);
    const seconds = (server.atUs.at(-1)! - 500_000) / 1_000_000;
    expect(server.bytes.length).toBe(200_000);
    expect(seconds).toBeGreaterThan(2);
    expect(seconds).toBeLessThan(2.5);
    expect(fault.effects).toBeGreaterThan(10);
  });
});

describe("the end of a connection", () => {
  it("is orderly on both sides although the last acknowledgement is lost", async () => {
    const { net, client, server } = await pair({
      net: { link: { latency: { shape: "constant", minUs: 100, meanUs: 100 } } },
    });
    net.on("n1", () => client.connection!.end());
    await net.runTo(600_000);
    net.on("n2", () => server.connection!.end());
    const lost = makeFault("partition");
    let heal = (): void => {};
    // The FIN of n2 arrives after 100 us; the answer would be there after 200.
    net.world.schedule(600_050, () => {
      heal = net.network.addRule({ pairs: [["n1", "n2"]], props: { block: true }, fault: lost });
    });
    net.world.schedule(700_000, () => heal());
    await net.runTo(5_000_000);
    expect(lost.effects).toBe(1);
    expect([client.error, server.error]).toEqual([null, null]);
    expect(client.closedUs).toBe(600_100);
    expect(server.closedUs).toBe(800_200);
  });
});

describe("the end of a process", () => {
  it("by kill sends what was written, then a FIN; later data is answered by a reset", async () => {
    const { net, client, server } = await pair();
    net.on("n1", () => {
      client.connection!.write(new Uint8Array(200_000).fill(9));
      net.end("n1", "kill");
    });
    await net.runTo(2_000_000);
    expect(server.bytes.length).toBe(200_000);
    expect(server.calls).toEqual(["end"]);
    net.on("n2", () => void server.connection!.write(Uint8Array.of(1)));
    await net.runTo(3_000_000);
    expect(server.error?.code).toBe("ECONNRESET");
    expect(client.calls).toEqual([]);
  });

  it("by kill with unread data resets the connection", async () => {
    const { net, client, server } = await pair();
    net.setPaused("n1", true);
    net.on("n2", () => void server.connection!.write(Uint8Array.of(1)));
    await net.runTo(1_000_000);
    net.end("n1", "kill");
    await net.runTo(2_000_000);
    expect(server.error?.code).toBe("ECONNRESET");
    expect(client.bytes).toEqual([]);
  });

  it("by power loss is silent: an idle peer never learns of it, a writing one times out", async () => {
    const { net, server } = await pair();
    net.end("n1", "power-loss");
    await net.runTo(60_000_000);
    expect(server.calls).toEqual([]);
    net.on("n2", () => void server.connection!.write(Uint8Array.of(1)));
    await net.runTo(70_000_000);
    expect(server.error?.code).toBe("ETIMEDOUT");
  });

  it("by power loss shows as a reset to whoever writes after the next boot", async () => {
    const { net, server } = await pair();
    net.end("n1", "power-loss");
    net.boot("n1");
    net.on("n2", () => void server.connection!.write(Uint8Array.of(1)));
    await net.runTo(1_000_000);
    expect(server.error?.code).toBe("ECONNRESET");
  });

  it("by power loss may be followed by a new connection between the same ports, which replaces the old one", async () => {
    const { net, client, server } = await pair();
    const before = client.connection!.local.port;
    net.end("n1", "power-loss");
    const again = makeEnd();
    const n1 = net.boot("n1");
    net.on("n1", () => void n1.connect(TO, keep(net, again)));
    const first = server.connection;
    await net.runTo(1_000_000);
    expect(again.connection!.local.port).toBe(before);
    expect(server.connection).not.toBe(first);
    expect(server.calls).toEqual(["close"]);
    expect(server.error?.code).toBe("ECONNRESET");
    expect(net.world.properties.marks.get("net.port-reuse")).toBe(1);
    net.on("n1", () => void again.connection!.write(Uint8Array.of(5)));
    await net.runTo(2_000_000);
    expect(server.bytes).toEqual([5]);
  });

  it("makes what its connections still hold inert", async () => {
    const { net, client, server } = await pair();
    net.on("n1", () => {
      net.end("n1", "power-loss");
      expect(client.connection!.write(Uint8Array.of(1))).toBe(false);
      client.connection!.end();
      client.connection!.reset();
    });
    net.on("n2", () => void server.connection!.write(Uint8Array.of(1)));
    await net.runTo(20_000_000);
    expect(server.bytes).toEqual([]);
    expect(client.calls).toEqual([]);
    expect(client.bytes).toEqual([]);
  });

  it("of a listener resets those it has not accepted", async () => {
    const { net, nets } = await pair();
    net.setPaused("n2", true);
    const waiting = makeEnd();
    net.on("n1", () => void nets.n1.connect(TO, keep(net, waiting)));
    await net.runTo(1_000_000);
    expect(waiting.connection).not.toBe(null);
    net.end("n2", "kill");
    await net.runTo(2_000_000);
    expect(waiting.error?.code).toBe("ECONNRESET");
  });
});

describe("a handler", () => {
  it("that answers before it returns sends the acknowledgement with the answer", async () => {
    const { net, nets, client } = await pair({ isTracing: true });
    net.on("n2", () => {
      nets.n2.listen(81, (connection) => ({ sync: true, onData: (bytes) => void connection.write(bytes) }));
    });
    const dialled = makeEnd();
    await net.runTo(600_000);
    net.on("n1", () => void nets.n1.connect({ host: "n2", port: 81 }, keep(net, dialled)));
    await net.runTo(700_000);
    const before = net.world.traceRecords.length;
    net.on("n1", () => void dialled.connection!.write(Uint8Array.of(1)));
    await net.runTo(900_000);
    const segments = net.world.traceRecords.slice(before).filter((record) => record.action === "net.segment");
    expect(segments.map((record) => record.data!["segment"])).toEqual(["data", "data", "ack"]);
    expect(dialled.bytes).toEqual([1]);
    expect(client.bytes).toEqual([]);
  });

  it("that is killed in the middle still sends what it wrote before", async () => {
    const { net, nets } = await pair();
    net.on("n2", () => {
      nets.n2.listen(81, (connection) => ({
        onData: () => {
          connection.write(new Uint8Array(20_000).fill(4));
          net.end("n2", "kill");
          connection.write(Uint8Array.of(5));
        },
      }));
    });
    const dialled = makeEnd();
    await net.runTo(600_000);
    net.on("n1", () => {
      nets.n1
        .connect({ host: "n2", port: 81 }, keep(net, dialled))
        .then((connection) => connection.write(Uint8Array.of(1)));
    });
    await net.runTo(2_000_000);
    expect(dialled.bytes.length).toBe(20_000);
    expect(dialled.bytes.every((byte) => byte === 4)).toBe(true);
    expect(dialled.calls).toEqual(["end"]);
  });
});

describe("a paused host", () => {
  it("goes on acknowledging until its buffer is full; nothing is lost, nobody times out", async () => {
    const { net, client, server } = await pair();
    net.setPaused("n2", true);
    net.on("n1", () => void client.connection!.write(new Uint8Array(200_000).fill(3)));
    await net.runTo(30_000_000);
    expect(server.bytes.length).toBe(0);
    expect([client.error, client.calls]).toEqual([undefined, []]);
    net.setPaused("n2", false);
    await net.runTo(40_000_000);
    expect(server.bytes.length).toBe(200_000);
    expect(client.calls).toEqual(["drain"]);
  });

  it("hears of data, end and close in order when it resumes", async () => {
    const { net, client, server } = await pair();
    net.on("n2", () => server.connection!.end());
    await net.runTo(1_000_000);
    net.setPaused("n2", true);
    net.on("n1", () => {
      client.connection!.write(Uint8Array.of(1, 2));
      client.connection!.end();
    });
    await net.runTo(30_000_000);
    net.setPaused("n2", false);
    await net.runTo(31_000_000);
    expect(server.bytes).toEqual([1, 2]);
    expect(server.calls).toEqual(["end", "close"]);
    expect(server.error).toBe(null);
  });
});

describe("connections and digests", () => {
  it("tracing and deep checks change nothing", async () => {
    const digests: string[] = [];
    for (const isOn of [false, true]) {
      const { net, client } = await pair({
        isTracing: isOn,
        isDeepChecking: isOn,
        net: { link: { lossPerMillion: 100_000 } },
      });
      net.on("n1", () => void client.connection!.write(new Uint8Array(100_000)));
      await net.runTo(5_000_000);
      digests.push(net.world.digest.hex());
    }
    expect(digests[0]).toBe(digests[1]);
  });

  it("connections between two hosts change nothing between two others", async () => {
    const arrivals: number[][] = [];
    for (const isBusy of [false, true]) {
      const { net, nets, client, server } = await pair();
      const n3 = net.boot("n3");
      if (isBusy) {
        net.on("n3", () => void n3.connect(TO, keep(net, makeEnd())));
        for (let i = 0; i < 5; i++)
          net.on("n2", () => void nets.n2.connect({ host: "n3", port: 1 }, keep(net, makeEnd())).catch(() => {}));
      }
      net.on("n1", () => void client.connection!.write(new Uint8Array(50_000)));
      await net.runTo(5_000_000);
      arrivals.push(server.atUs);
    }
    expect(arrivals[1]!.length).toBe(arrivals[0]!.length);
    expect(arrivals[1]).toEqual(arrivals[0]);
  });
});
