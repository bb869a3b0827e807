/**
 * Small frozen programs that exercise sim/ alone. Their digests are pinned: a change of them is a change of what every seed means, made
 * on purpose and in a commit of its own. Never edit a program; add another.
 */
import { Control } from "../../sim/control.ts";
import type { Engine } from "../../sim/engine.ts";
import type { Codec, Host, Program } from "../../sim/host.ts";
import type { TraceRecord } from "../../sim/trace.ts";

export type GoldenRun = { readonly digest: string; readonly events: number; readonly trace: readonly TraceRecord[] };

type Token = { readonly type: "token"; readonly hops: number };

const tokenCodec: Codec<Token> = {
  typeOf: () => "token",
  sizeOf: () => 4,
  encode: (token) => new Uint8Array([token.hops >>> 24, token.hops >>> 16, token.hops >>> 8, token.hops]),
  decode: (bytes) => {
    if (bytes.length !== 4) throw new RangeError("a token has four bytes");
    return { type: "token", hops: ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0 };
  },
};

/** A token goes round a ring of three; the receiver waits a random while before it passes it on. */
const ring: Program = (host) => {
  const next = { n1: "n2", n2: "n3", n3: "n1" }[host.name]!;
  const socket = host.net.open<Token>({
    port: 1,
    codec: tokenCodec,
    sync: true,
    onMessage: ({ hops }) => {
      host.timers.after(
        host.random.between(10, 500),
        () => socket.send({ host: next, port: 1 }, { type: "token", hops: hops + 1 }),
        { sync: true },
      );
    },
  });
  if (host.name === "n1" && host.boot.isClusterFirst) socket.send({ host: next, port: 1 }, { type: "token", hops: 0 });
};

/** Counts in a file, synced every third time; says at each boot what it found. */
const counter: Program = async (host) => {
  const file = await host.disk.open("/count", { create: true });
  await host.disk.syncDir("/");
  let count = await file.size();
  host.log("booted", () => ({ count }));
  for (;;) {
    await host.timers.sleep(1_000);
    await file.append(new Uint8Array([count & 0xff]));
    count++;
    if (count % 3 === 0) await file.sync();
  }
};

/** Async code with promise chains, spawned tasks and clocks. */
const chatter: Program = (host: Host) => {
  host.spawn("loop", async () => {
    for (let i = 0; i < 40; i++) {
      await Promise.all([host.timers.sleep(host.random.below(300)), host.timers.sleep(i)]);
      host.log("tick", () => ({ monotonicUs: host.clock.monotonicUs(), wallUs: host.clock.wallUs() }));
    }
  });
};

type Script = {
  readonly program: Program;
  readonly hosts: readonly string[];
  readonly act: (control: Control) => Promise<void>;
};

export const GOLDEN_PROGRAMS: { readonly [name: string]: Script } = {
  ring: { program: ring, hosts: ["n1", "n2", "n3"], act: async (control) => void (await control.run(50_000)) },
  counter: {
    program: counter,
    hosts: ["n1"],
    act: async (control) => {
      await control.run(8_500);
      control.powerLoss("n1");
      control.boot("n1");
      await control.run(20_000);
      control.kill("n1");
      control.boot("n1");
      await control.run(30_000);
    },
  },
  chatter: {
    program: chatter,
    hosts: ["n1", "n2"],
    act: async (control) => {
      await control.run(3_000);
      control.pause("n2");
      await control.run(6_000);
      control.resume("n2");
      await control.run(30_000);
    },
  },
};

export async function runGolden(name: string, engine: Engine, isTracing = false): Promise<GoldenRun> {
  const { program, hosts, act } = GOLDEN_PROGRAMS[name]!;
  const control = new Control({ seed: `golden/${name}`, engine, isTracing });
  for (const host of hosts) control.addHost({ name: host, program });
  for (const host of hosts) control.boot(host, true);
  await act(control);
  return { digest: control.world.digest.hex(), events: control.world.eventCount, trace: control.world.traceRecords };
}
