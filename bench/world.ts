/** Whole worlds: a thousand hosts that idle, and a thousand that chat; events a second and memory. */
import { withNodeEngine } from "../runtime/engine.ts";
import { Control } from "../sim/control.ts";
import type { Codec, Program } from "../sim/host.ts";
import { row, secondsOf, short } from "./measure.ts";

const HOSTS = 1_000;
const PEERS = 10;

type Beat = { readonly hop: number };

const codec: Codec<Beat> = {
  typeOf: () => "beat",
  sizeOf: () => 64,
  encode: () => new Uint8Array(64),
  decode: () => ({ hop: 0 }),
};

/** A timer every 100 ms, nothing else. */
const idle: Program = (host) => {
  const again = (): void => void host.timers.after(100_000, again, { sync: true });
  again();
};

/** Sends to one of ten peers every millisecond. */
const chatting =
  (index: number): Program =>
  (host) => {
    const socket = host.net.open<Beat>({ port: 1, codec, sync: true, onMessage: () => {} });
    const peers = Array.from({ length: PEERS }, (_, i) => ({ host: `h${(index * 7 + i * 101 + 1) % HOSTS}`, port: 1 }));
    let next = index;
    const again = (): void => {
      socket.send(peers[next++ % PEERS]!, { hop: next });
      host.timers.after(1_000, again, { sync: true });
    };
    host.timers.after(1 + (index % 1_000), again, { sync: true });
  };

export async function benchWorld(): Promise<void> {
  await measure("1,000 idle hosts", () => idle, 20_000_000);
  await measure("1,000 chatting hosts", chatting, 1_000_000);
}

async function measure(name: string, program: (index: number) => Program, virtualUs: number): Promise<void> {
  const before = heapMb();
  await withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: name, engine });
    for (let i = 0; i < HOSTS; i++) control.addHost({ name: `h${i}`, program: program(i) });
    for (let i = 0; i < HOSTS; i++) control.boot(`h${i}`, true);
    await control.run(virtualUs / 10);
    const first = control.world.eventCount;
    const seconds = await secondsOf(async () => void (await control.run(virtualUs)));
    const events = (control.world.eventCount - first) / seconds;
    row(
      name,
      `${short(events)} ev/s`,
      `${((virtualUs * 0.9) / 1e6 / seconds).toFixed(1)} virtual s/s, ${(heapMb() - before).toFixed(0)} MB of heap`,
    );
  });
}

function heapMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 1048576;
}
