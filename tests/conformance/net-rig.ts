/**
 * What the conformance suite for connections runs on: two hosts, "a" and "b", with a Net each. One rig simulates them,
 * the other one uses Node's own net on the loopback.
 */
import type { Net } from "../../sim/host.ts";
import { makeNodeNet } from "./net-node.ts";
import { makeNetWorld } from "./net-world.ts";

export type NetRig = {
  /** Runs a call in an event of the host and returns its result. */
  call<T>(host: "a" | "b", act: (net: Net) => T): Promise<T>;
  /** Lets things happen until the condition holds; throws after a bound. */
  until(what: string, condition: () => boolean): Promise<void>;
  close(): void;
};

const VIRTUAL_US_MAX = 60_000_000;
const REAL_MS_MAX = 20_000;

export function makeSimulatedRig(seed: string): NetRig {
  const world = makeNetWorld({ seed });
  const nets = { a: world.boot("a"), b: world.boot("b") };
  return {
    call: async (host, act) => {
      const results: ReturnType<typeof act>[] = [];
      world.on(host, () => {
        results.push(act(nets[host]));
      });
      await world.runTo(world.world.nowUs);
      return results[0] as ReturnType<typeof act>;
    },
    until: async (what, condition) => {
      const endUs = world.world.nowUs + VIRTUAL_US_MAX;
      while (!condition()) {
        if (world.world.nowUs > endUs) throw new Error(`${what}: not after ${VIRTUAL_US_MAX} us`);
        await world.runTo(world.world.nowUs + 1_000);
      }
    },
    close: () => {},
  };
}

export function makeNodeRig(): NetRig {
  const node = makeNodeNet();
  return {
    call: async (_host, act) => act(node.net),
    until: async (what, condition) => {
      const end = performance.now() + REAL_MS_MAX;
      while (!condition()) {
        if (performance.now() > end) throw new Error(`${what}: not after ${REAL_MS_MAX} ms`);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    close: () => node.close(),
  };
}
