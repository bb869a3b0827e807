import { describe, expect, it } from "vitest";
import {
  type Arrival,
  CODEC,
  collect,
  makeFault,
  makeNetWorld,
  type NetWorld,
} from "../../tests/conformance/net-world.ts";
import type { Codec, DatagramSocket } from "../host.ts";
import { WAITING_DATAGRAMS_MAX } from "./datagrams.ts";

type Note = { readonly n: number };
type Pair = { readonly net: NetWorld; readonly got: Arrival[]; readonly socket: DatagramSocket<Note> };

const SLOW = { latency: { shape: "constant", minUs: 10_000, meanUs: 10_000 } } as const;
const TO = { host: "n2", port: 1 } as const;

/** n1 and n2 with port 1 open on both; what n2 gets is collected. */
async function pair(options: Parameters<typeof makeNetWorld>[0] = {}): Promise<Pair> {
  const net = makeNetWorld(options);
  const got: Arrival[] = [];
  const from = collect(net, "n1", []);
  collect(net, "n2", got);
  await net.runTo(0);
  return { net, got, socket: await from };
}

describe("datagrams", () => {
  it("arrive once, within the latency of the link", async () => {
    const { net, got, socket } = await pair();
    net.on("n1", () => {
      for (let n = 0; n < 100; n++) socket.send(TO, { n });
    });
    await net.runTo(1_000_000);
    expect(got.map((arrival) => arrival.n).sort((x, y) => x - y)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    for (const arrival of got) expect(arrival.atUs).toBeGreaterThanOrEqual(100);
    expect(got.filter((arrival) => arrival.atUs <= 800).length).toBeGreaterThan(95);
    expect(got[0]!.from).toBe("n1");
    const bytes = Array.from({ length: 100 }, (_, n) => CODEC.encode({ n }).length).reduce(
      (sum, size) => sum + size,
      0,
    );
    expect([0, 1].map((index) => net.network.datagramBytesSent({ index }))).toEqual([bytes, 0]);
  });

  it("reach the same host over the loopback, which no rule touches", async () => {
    const net = makeNetWorld();
    const got: Arrival[] = [];
    const open = collect(net, "n1", got);
    await net.runTo(0);
    const socket = await open;
    const fault = makeFault("partition");
    net.network.addRule({ from: ["n1"], to: ["n1"], props: { block: true }, fault });
    net.on("n1", () => socket.send({ host: "n1", port: 1 }, { n: 1 }));
    await net.runTo(100);
    expect(got.length).toBe(1);
    expect(fault.effects).toBe(0);
  });

  it("reach the next boot of their target when it comes up before they arrive", async () => {
    const { net, got, socket } = await pair({ net: { link: SLOW } });
    net.on("n1", () => socket.send(TO, { n: 1 }));
    net.world.schedule(2_000, () => net.end("n2", "power-loss"));
    const later: Arrival[] = [];
    net.world.schedule(5_000, () => {
      collect(net, "n2", later);
    });
    await net.runTo(20_000);
    expect(got).toEqual([]);
    expect(later).toEqual([{ n: 1, atUs: 10_000, from: "n1" }]);
  });

  it("are dropped when nobody listens on arrival", async () => {
    const { net, got, socket } = await pair({ net: { link: SLOW }, isTracing: true });
    net.on("n1", () => {
      socket.send(TO, { n: 1 });
      socket.send({ host: "n2", port: 9 }, { n: 2 });
      socket.send({ host: "nowhere", port: 1 }, { n: 3 });
    });
    net.world.schedule(2_000, () => net.end("n2", "kill"));
    await net.runTo(20_000);
    expect(got).toEqual([]);
    const drops = net.world.traceRecords.filter((record) => record.action === "net.drop");
    expect(drops.map((record) => record.data!["reason"])).toEqual(["no-host", "closed", "closed"]);
  });

  it("keep travelling after their sender has ended", async () => {
    const { net, got, socket } = await pair({ net: { link: SLOW } });
    net.on("n1", () => socket.send(TO, { n: 1 }));
    net.world.schedule(1_000, () => net.end("n1", "power-loss"));
    await net.runTo(20_000);
    expect(got.length).toBe(1);
  });

  it("are not sent by an incarnation that has ended, nor through a closed socket", async () => {
    const { net, got, socket } = await pair();
    net.on("n1", () => {
      net.end("n1", "kill");
      socket.send(TO, { n: 1 });
      socket.close();
    });
    await net.runTo(10_000);
    const again = collect(net, "n1", []);
    await net.runTo(10_000);
    const second = await again;
    net.on("n1", () => {
      second.close();
      second.send(TO, { n: 2 });
    });
    await net.runTo(20_000);
    expect(got).toEqual([]);
  });

  it("wait for a paused host up to the bound, and come in order when it resumes", async () => {
    const { net, got, socket } = await pair({ net: { link: SLOW } });
    net.on("n1", () => {
      for (let n = 0; n < WAITING_DATAGRAMS_MAX + 10; n++) socket.send(TO, { n });
    });
    net.world.schedule(1_000, () => net.setPaused("n2", true));
    await net.runTo(50_000);
    expect(got).toEqual([]);
    net.world.schedule(60_000, () => net.setPaused("n2", false));
    await net.runTo(70_000);
    expect(got.map((arrival) => arrival.n)).toEqual(Array.from({ length: WAITING_DATAGRAMS_MAX }, (_, n) => n));
    expect(new Set(got.map((arrival) => arrival.atUs))).toEqual(new Set([60_000]));
    expect(net.world.properties.marks.get("net.waiting-overflow")).toBe(10);
  });

  it("that waited for a paused host are not lost to a partition that came after them", async () => {
    const { net, got, socket } = await pair({ net: { link: SLOW } });
    net.on("n1", () => socket.send(TO, { n: 1 }));
    net.world.schedule(1_000, () => net.setPaused("n2", true));
    net.world.schedule(15_000, () => {
      net.network.addRule({ pairs: [["n1", "n2"]], props: { block: true }, fault: null });
      net.setPaused("n2", false);
    });
    await net.runTo(20_000);
    expect(got.length).toBe(1);
  });

  it("a trigger at a message may cut its link or crash its target before the handler runs", async () => {
    const acts = {
      cut: (net: NetWorld) => {
        net.network.addRule({ pairs: [["n1", "n2"]], props: { block: true }, fault: makeFault("partition") });
      },
      crash: (net: NetWorld) => net.end("n2", "kill"),
    };
    for (const act of [acts.cut, acts.crash]) {
      const { net, got, socket } = await pair({ net: { link: SLOW } });
      let seen = 0;
      net.world.onPoint = (on, name) => {
        if (on === "message" && name === "note" && ++seen === 3) act(net);
      };
      net.on("n1", () => {
        for (let n = 0; n < 5; n++) socket.send(TO, { n });
      });
      await net.runTo(20_000);
      expect(got.map((arrival) => arrival.n)).toEqual([0, 1]);
      expect(seen).toBe(3);
    }
  });

  it("refuse a port that is open, and choose free ones for port 0", async () => {
    const net = makeNetWorld();
    const host = net.boot("n1");
    let tested = false;
    net.on("n1", () => {
      const options = { codec: CODEC, onMessage: () => {} };
      const first = host.open({ port: 5, ...options });
      expect(() => host.open({ port: 5, ...options })).toThrow("EADDRINUSE");
      const a = host.open({ port: 0, ...options });
      const b = host.open({ port: 0, ...options });
      expect(a.address.port).not.toBe(b.address.port);
      first.close();
      expect(host.open({ port: 5, ...options }).address).toEqual({ host: "n1", port: 5 });
      tested = true;
    });
    await net.runTo(1);
    expect(tested).toBe(true);
  });

  it("damaged ones are dropped when decode throws, and the sender's object stays as it was", async () => {
    const strict: Codec<Note> = {
      ...CODEC,
      encode: (message) => Uint8Array.of(message.n, 255 - message.n),
      sizeOf: () => 2,
      decode: (bytes) => {
        if (bytes[0]! + bytes[1]! !== 255) throw new Error("checksum");
        return { n: bytes[0]! };
      },
    };
    const net = makeNetWorld({ isDeepChecking: true });
    const got: number[] = [];
    const n1 = net.boot("n1");
    const n2 = net.boot("n2");
    const fault = makeFault("corrupt");
    net.network.addRule({ pairs: [["n1", "n2"]], props: { corrupt: { perMillion: 500_000, bitsMax: 1 } }, fault });
    net.on("n2", () => {
      n2.open({ port: 1, codec: strict, onMessage: (message) => void got.push(message.n) });
    });
    await net.runTo(0);
    net.on("n1", () => {
      const socket = n1.open({ port: 1, codec: strict, onMessage: () => {} });
      for (let n = 0; n < 100; n++) socket.send(TO, { n });
    });
    await net.runTo(1_000_000);
    expect(fault.effects).toBeGreaterThan(30);
    expect(got.length).toBe(100 - fault.effects);
    expect(got.every((n) => n < 100)).toBe(true);
    expect(net.world.properties.marks.get("net.damaged")).toBe(fault.effects);
  });
});

describe("deep checking", () => {
  const boxed: Codec<{ n: number }> = { ...CODEC };

  it("names the message and the hosts when a message was changed after it was sent", async () => {
    const { net } = await pair({ isDeepChecking: true });
    const n3 = net.boot("n3");
    net.on("n3", () => {
      const message = { n: 1 };
      n3.open({ port: 1, codec: boxed, onMessage: () => {} }).send(TO, message);
      message.n = 2;
    });
    await expect(net.runTo(1_000_000)).rejects.toThrow(
      'n2: Message "note" from n3 to n2 was changed after it was sent: its encoding differs from byte 3 on.',
    );
  });

  it("refuses a sizeOf that is not the length of the encoding", async () => {
    const { net } = await pair({ isDeepChecking: true });
    const n3 = net.boot("n3");
    net.on("n3", () => {
      n3.open({ port: 1, codec: { ...CODEC, sizeOf: () => 5 }, onMessage: () => {} }).send(TO, { n: 1 });
    });
    await expect(net.runTo(1_000_000)).rejects.toThrow(
      'n3: Message "note" from n3 to n2: sizeOf says 5 bytes, but encode gives 4.',
    );
  });

  it("and tracing change nothing about a run", async () => {
    const digests: string[] = [];
    for (const isOn of [false, true]) {
      const { net, socket } = await pair({
        isDeepChecking: isOn,
        isTracing: isOn,
        net: { link: { lossPerMillion: 100_000, duplicatePerMillion: 100_000, corruptPerMillion: 100_000 } },
      });
      net.on("n1", () => {
        for (let n = 0; n < 100; n++) socket.send(TO, { n });
      });
      await net.runTo(1_000_000);
      digests.push(net.world.digest.hex());
    }
    expect(digests[0]).toBe(digests[1]);
  });
});
