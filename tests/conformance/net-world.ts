/** A small world for tests of the network alone: hosts without disks and programs, driven by hand. */
import type { Codec, DatagramSocket, Net } from "../../sim/host.ts";
import type { ActiveFault, Incarnation } from "../../sim/kernel.ts";
import { Network, type NetworkOptions } from "../../sim/net/network.ts";
import { World, type WorldOptions } from "../../sim/world.ts";

type TestIncarnation = Incarnation & { isAlive: boolean; isPaused: boolean };

export type NetWorld = {
  readonly world: World;
  readonly network: Network;
  /** Boots a host (added at its first boot) and returns its network. */
  boot(name: string): Net;
  /** Runs a callback as an event of the host's present incarnation. */
  on(name: string, callback: () => void | Promise<void>): void;
  end(name: string, how: "kill" | "power-loss"): void;
  setPaused(name: string, isPaused: boolean): void;
  incarnation(name: string): Incarnation;
  /** Runs the world up to a time. */
  runTo(timeUs: number): Promise<void>;
};

/** Lets every promise job and tick of the engine run before the next step. */
async function drive(step: () => boolean, onStrayError: (error: unknown) => void): Promise<void> {
  try {
    while (step()) await new Promise<void>((resolve) => setImmediate(resolve));
  } catch (error) {
    onStrayError(error);
  }
}

export function makeNetWorld(options: Partial<WorldOptions> & { readonly net?: NetworkOptions } = {}): NetWorld {
  const world = new World({
    seed: "net-test",
    engine: { drive, setCurrent: () => {}, jobCount: null },
    ...options,
  });
  const network = new Network(world, options.net);
  const incarnations = new Map<string, TestIncarnation>();
  const parked: Parameters<World["requeue"]>[0][] = [];
  world.onPaused = (event) => parked.push(event);
  const get = (name: string): TestIncarnation => incarnations.get(name)!;
  const end = (name: string, how: "kill" | "power-loss"): void => {
    const incarnation = get(name);
    incarnation.isAlive = false;
    network.detach(incarnation, how);
  };
  world.onUncaught = (incarnation, error) => {
    errors.push(`${incarnation.hostName}: ${error instanceof Error ? error.message : String(error)}`);
    end(incarnation.hostName, "kill");
  };
  const errors: string[] = [];
  return {
    world,
    network,
    boot: (name) => {
      const last = incarnations.get(name);
      const hostIndex = last?.hostIndex ?? incarnations.size;
      if (last === undefined) network.addHost(hostIndex, name);
      const incarnation = {
        hostIndex,
        hostName: name,
        number: (last?.number ?? 0) + 1,
        isAlive: true,
        isPaused: false,
      };
      incarnations.set(name, incarnation);
      return network.attach(incarnation);
    },
    on: (name, callback) => {
      world.at(world.nowUs, get(name), { name: "test", sync: false, run: () => callback() });
    },
    end,
    setPaused: (name, isPaused) => {
      const incarnation = get(name);
      incarnation.isPaused = isPaused;
      if (!isPaused) {
        for (const event of parked.splice(0)) {
          if (event.owner === incarnation) world.requeue(event);
          else parked.push(event);
        }
      }
      network.setPaused(incarnation, isPaused);
    },
    incarnation: get,
    runTo: async (timeUs) => {
      await world.run(timeUs);
      if (errors.length > 0) throw new Error(errors.splice(0).join("\n"));
    },
  };
}

export function makeFault(kind: string): ActiveFault {
  return { index: 0, kind, effects: 0 };
}

export type Note = { readonly n: number };

export const CODEC: Codec<Note> = {
  typeOf: () => "note",
  sizeOf: () => 4,
  encode: (message) => Uint8Array.of(message.n >>> 24, message.n >>> 16, message.n >>> 8, message.n),
  decode: (bytes) => ({ n: (bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]! }),
};

export type Arrival = { readonly n: number; readonly atUs: number; readonly from: string };

/** Opens port 1 on the host and collects what arrives. */
export function collect(net: NetWorld, name: string, into: Arrival[]): Promise<DatagramSocket<Note>> {
  return new Promise((resolve) => {
    const host = net.boot(name);
    net.on(name, () => {
      const onMessage = (message: Note, from: { readonly host: string }): void => {
        into.push({ n: message.n, atUs: net.world.nowUs, from: from.host });
      };
      resolve(host.open({ port: 1, codec: CODEC, sync: true, onMessage }));
    });
  });
}
