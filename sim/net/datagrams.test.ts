import { describe, expect, it } from "vitest";
import { type Arrival, collect, makeNetWorld } from "../../tests/conformance/net-world.ts";

describe("datagrams", () => {
  it("arrive once, within the latency of the link", async () => {
    const net = makeNetWorld();
    const got: Arrival[] = [];
    const from = collect(net, "n1", []);
    collect(net, "n2", got);
    await net.runTo(0);
    const socket = await from;
    net.on("n1", () => {
      for (let n = 0; n < 100; n++) socket.send({ host: "n2", port: 1 }, { n });
    });
    await net.runTo(1_000_000);
    expect(got.map((arrival) => arrival.n).sort((x, y) => x - y)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    for (const arrival of got) expect(arrival.atUs).toBeGreaterThanOrEqual(100);
    expect(got.filter((arrival) => arrival.atUs <= 800).length).toBeGreaterThan(95);
  });
});
