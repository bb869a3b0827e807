/** A simulated cluster of three replicas of any mode, with lossy links and a writer on each host. */
import { expect } from "vitest";
import type { Host, Program } from "../../../sim/host.ts";
import { REPLICA_KIND, type ReplicaRecord, UPDATE_KIND, type UpdateRecord } from "./observation.ts";

export const NAMES: readonly string[] = ["n1", "n2", "n3"];

/** The part of the simulator's Control that these tests use; a system's folder does not know the simulator. */
export type Stage = {
  readonly nowUs: number;
  run(untilUs: number): Promise<unknown>;
  addHost(options: { readonly name: string; readonly program: Program }): void;
  boot(host: string, isClusterFirst?: boolean): void;
  kill(host: string): void;
  powerLoss(host: string): void;
  wipe(host: string): void;
  durableView(host: string): { readonly length: number };
  readonly network: {
    setLink(
      from: string,
      to: string,
      properties: {
        readonly lossPerMillion: number;
        readonly duplicatePerMillion: number;
        readonly reorderPerMillion: number;
        readonly corruptPerMillion: number;
      },
    ): void;
  };
  readonly world: {
    readonly eventCount: number;
    readonly properties: { readonly uncaught: readonly { readonly error: unknown }[] };
    onObservation(kind: string, observer: (host: string, incarnation: number, data: unknown) => void): void;
  };
};

/** Makes a simulated world and gives it to `use`. */
export type OpenStage = (seed: string, use: (control: Stage) => Promise<void>) => Promise<void>;

export type Cluster<R> = {
  readonly control: Stage;
  /** The present replica of each host. */
  readonly replicas: Map<string, R>;
  /** The writers go on while this is true. */
  isWriting: boolean;
  /** What the replicas told monitors. */
  readonly records: ReplicaRecord[];
  readonly updates: UpdateRecord[];
};

export type ClusterOptions<R> = {
  readonly seed: string;
  /** Loss, duplication, reordering and corruption of messages, each. */
  readonly faultPerMillion: number;
  /** Boots a replica. */
  readonly start: (host: Host, peers: readonly string[]) => Promise<R>;
  /** One update by the writer of a host. */
  readonly write: (replica: R, host: Host) => Promise<unknown>;
  /** Those that boot at first; all by default. */
  readonly hosts?: readonly string[];
};

/** Runs `script` in a cluster that has run for 300 ms, and demands that no host met an uncaught error. */
export async function simulate<R>(
  open: OpenStage,
  options: ClusterOptions<R>,
  script: (cluster: Cluster<R>) => Promise<void>,
): Promise<void> {
  await open(options.seed, async (control) => {
    const cluster: Cluster<R> = { control, replicas: new Map(), isWriting: true, records: [], updates: [] };
    control.world.onObservation(REPLICA_KIND, (_host, _incarnation, data) =>
      cluster.records.push(data as ReplicaRecord),
    );
    control.world.onObservation(UPDATE_KIND, (_host, _incarnation, data) => cluster.updates.push(data as UpdateRecord));
    const program = async (host: Host): Promise<void> => {
      const replica = await options.start(
        host,
        NAMES.filter((peer) => peer !== host.name),
      );
      cluster.replicas.set(host.name, replica);
      const tick = async (): Promise<void> => {
        host.timers.after(host.random.between(3_000, 12_000), tick);
        if (cluster.isWriting) await options.write(replica, host);
      };
      await tick();
    };
    for (const name of NAMES) control.addHost({ name, program });
    const faulty = options.faultPerMillion;
    const properties = {
      lossPerMillion: faulty,
      duplicatePerMillion: faulty,
      reorderPerMillion: faulty,
      corruptPerMillion: faulty,
    };
    for (const from of NAMES) for (const to of NAMES) if (from !== to) control.network.setLink(from, to, properties);
    for (const name of options.hosts ?? NAMES) control.boot(name, true);
    await control.run(300_000);
    await script(cluster);
    expect(control.world.properties.uncaught.map((found) => found.error)).toEqual([]);
  });
}

/** Runs on for so much virtual time. */
export async function runFor<R>(cluster: Cluster<R>, us: number): Promise<void> {
  await cluster.control.run(cluster.control.nowUs + us);
}

/** Kills and power losses in turn, each host again after a moment. */
export async function crashInTurn<R>(cluster: Cluster<R>, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const name = NAMES[i % 3]!;
    if (i % 2 === 0) cluster.control.powerLoss(name);
    else cluster.control.kill(name);
    await runFor(cluster, 37_000);
    cluster.control.boot(name);
    await runFor(cluster, 91_000);
  }
}

export async function wipe<R>(cluster: Cluster<R>, name: string): Promise<void> {
  cluster.control.powerLoss(name);
  cluster.control.wipe(name);
  cluster.control.boot(name);
  await runFor(cluster, 500_000);
}

/**
 * What checkers conclude from the records: equal updates, equal states at any moment; nothing shrinks within a boot; `durable` within
 * `seen`; acknowledged updates were durable before. Returns how many pairs of equal contents were compared.
 */
export function checkRecords<R>({ records, updates }: Cluster<R>): number {
  const hashes = new Map<string, string>();
  const latest = new Map<string, ReplicaRecord>();
  let compared = 0;
  for (const record of records) {
    const contents = JSON.stringify([record.key, record.seen, record.trimmed]);
    const known = hashes.get(contents);
    if (known === undefined) hashes.set(contents, record.stateHash);
    else {
      compared += 1;
      if (known !== record.stateHash) expect.fail(`${record.host} and another differ with ${contents}`);
    }
    const place = JSON.stringify([record.actor, record.key]);
    for (const part of ["seen", "durable"] as const) {
      for (const [actor, count] of Object.entries(latest.get(place)?.[part] ?? {}))
        if ((record[part][actor] ?? 0) < count) expect.fail(`${record.host} has lost some of ${part}`);
    }
    for (const [actor, count] of Object.entries(record.durable))
      if ((record.seen[actor] ?? 0) < count) expect.fail(`${record.host} has durably what it does not contain`);
    latest.set(place, record);
  }
  const stages = new Map<string, string>();
  for (const { actor, key, sequence, stage } of updates) {
    const name = JSON.stringify([actor, key, sequence]);
    const before = stages.get(name) ?? "nothing";
    const isInOrder = { made: ["nothing"], durable: ["made", "copies"], copies: ["made", "durable", "copies"] }[
      stage
    ].includes(before);
    if (!isInOrder) expect.fail(`${name} went from ${before} to ${stage}`);
    stages.set(name, stage);
  }
  return compared;
}

/** A host that tells of every timer that fires (rounds among them) and of every message which it sends. */
export function tapped(host: Host, on: { timer(): void; send(to: string, message: unknown): void }): Host {
  const net: Host["net"] = {
    listen: (port, accept) => host.net.listen(port, accept),
    connect: (to, handlers, options) => host.net.connect(to, handlers, options),
    open: (options) => {
      const socket = host.net.open(options);
      return {
        address: socket.address,
        close: () => socket.close(),
        send: (to, message) => {
          on.send(to.host, message);
          socket.send(to, message);
        },
      };
    },
  };
  const timers: Host["timers"] = {
    sleep: (delayUs) => host.timers.sleep(delayUs),
    after: (delayUs, callback, options) =>
      host.timers.after(
        delayUs,
        () => {
          on.timer();
          return callback();
        },
        options,
      ),
  };
  return Object.create(host, { net: { value: net }, timers: { value: timers } }) as Host;
}

/** The most bytes that one host sent another in one of its rounds. */
export class RoundMeter {
  readonly #spent: Map<string, number> = new Map();
  bytesMax = 0;

  send(from: string, to: string, bytes: number): void {
    const link = `${from}>${to}`;
    const spent = (this.#spent.get(link) ?? 0) + bytes;
    this.#spent.set(link, spent);
    this.bytesMax = Math.max(this.bytesMax, spent);
  }

  beginRound(from: string): void {
    for (const link of this.#spent.keys()) if (link.startsWith(`${from}>`)) this.#spent.delete(link);
  }
}
