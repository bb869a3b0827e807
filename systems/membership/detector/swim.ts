/**
 * SWIM on a host: datagrams, one timer and the file of the incarnation around the pure core.
 *
 * The incarnation is raised and made durable at each boot before anybody hears of it. A file that is gone or
 * damaged counts as lost; then the first incarnation is 1 again, and the node refutes what others hold against it once they
 * tell it. A read that fails (EIO) says nothing of what the disk holds: the boot ends, and the next one reads again.
 */
import { DiskError, type Host } from "../../../sim/host.ts";
import { Alarm } from "../alarm.ts";
import { makeFolder, readWhole, replaceFile } from "../files.ts";
import { openMessage, sealMessage } from "../wire.ts";
import { type Detector, type DetectorCallbacks, observeFact } from "./detector.ts";
import type { SwimOptions } from "./options.ts";
import { SwimCore, type SwimOutput } from "./swim-core.ts";
import { type SwimMessage, swimCodec } from "./swim-message.ts";

const VERSION = 1;
const NAME = "incarnation";
const RETRY_US = 200_000;

/** Resolves once the incarnation of this boot is durable. */
export async function startSwim(host: Host, options: SwimOptions, callbacks: DetectorCallbacks): Promise<Detector> {
  const { port, folder } = options;
  const incarnation = (await load(host, folder)) + 1;
  while (!(await store(host, folder, incarnation))) await host.timers.sleep(RETRY_US);
  const now = (): number => host.clock.monotonicUs();
  const keeper = new IncarnationKeeper(host, folder, (stored) => core.onStored(stored));
  const end = suspicionEnds(host);
  const output: SwimOutput = {
    send: (to, message) => socket.send({ host: to, port }, message),
    store: (wanted) => keeper.store(wanted),
    down: (peer, sinceUs) => {
      end.dead();
      callbacks.onDown(peer, "suspect", sinceUs);
    },
    suspect: (peer) => callbacks.onSuspect?.(peer),
    alive: (peer) => {
      end.refuted();
      callbacks.onAlive?.(peer);
    },
    fact: (peer, fact) => observeFact(host, peer, fact),
    clusterSize: callbacks.clusterSize,
  };
  const core = new SwimCore({ self: host.name, options, random: host.random, output, incarnation, nowUs: now() });
  const alarm = new Alarm(host, (nowUs) => {
    core.tick(nowUs);
    alarm.set(core.dueUs, nowUs);
  });
  const socket = host.net.open<SwimMessage>({
    port,
    codec: swimCodec,
    // Not synchronous: a refutation writes to the disk.
    onMessage: (message, from) => {
      const nowUs = now();
      core.receive(from.host, message, nowUs);
      if (message.kind === "ping" && !message.isRelayed) callbacks.onProbe(from.host);
      alarm.set(core.dueUs, nowUs);
    },
  });
  return {
    watch: (peer) => {
      const nowUs = now();
      core.watch(peer, nowUs);
      alarm.set(core.dueUs, nowUs);
    },
    unwatch: (peer) => core.unwatch(peer),
    checkNow: (peer) => {
      const nowUs = now();
      core.checkNow(peer, nowUs);
      alarm.set(core.dueUs, nowUs);
    },
    watched: () => core.watched(),
  };
}

/** A campaign must see both ends of a suspicion, or it tests neither. */
function suspicionEnds(host: Host): { readonly dead: () => void; readonly refuted: () => void } {
  host.sometimes(false, "swim.suspect-dead");
  host.sometimes(false, "swim.suspect-refuted");
  return { dead: () => host.reachable("swim.suspect-dead"), refuted: () => host.reachable("swim.suspect-refuted") };
}

/** Writes one incarnation at a time; of those that wait, the highest. */
class IncarnationKeeper {
  readonly #host: Host;
  readonly #folder: string;
  readonly #onStored: (incarnation: number | null) => void;
  #wanted = 0;
  #isWriting = false;

  constructor(host: Host, folder: string, onStored: (incarnation: number | null) => void) {
    this.#host = host;
    this.#folder = folder;
    this.#onStored = onStored;
  }

  store(incarnation: number): void {
    this.#wanted = incarnation;
    if (!this.#isWriting) this.#host.spawn("store the incarnation", () => this.#write());
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    for (let stored = 0; stored < this.#wanted; ) {
      const wanted = this.#wanted;
      const isStored = await store(this.#host, this.#folder, wanted);
      this.#onStored(isStored ? wanted : null);
      if (!isStored) break;
      stored = wanted;
    }
    this.#isWriting = false;
  }
}

/** False when the disk refused it. */
async function store(host: Host, folder: string, incarnation: number): Promise<boolean> {
  const bytes = sealMessage(VERSION, (writer) => writer.uint(incarnation));
  try {
    await makeFolder(host, folder);
    await replaceFile(host, { folder, name: NAME }, bytes);
    return true;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    host.mark("swim.incarnation-not-stored");
    return false;
  }
}

/** The incarnation of the last boot; 0 when there is none, or a damaged one. Rejects with DiskError when the disk does not answer. */
async function load(host: Host, folder: string): Promise<number> {
  const bytes = await readWhole(host, `${folder}/${NAME}`);
  if (bytes.length === 0) return 0;
  try {
    return openMessage(bytes, (version, reader) => {
      if (version !== VERSION) reader.failBefore(`version ${version} is unknown.`);
      return reader.uint("the incarnation");
    });
  } catch {
    host.mark("swim.incarnation-damaged");
    return 0;
  }
}
