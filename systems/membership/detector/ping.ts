/** The adaptive ping on a host: datagrams and one timer around the pure core. */
import type { Codec, Host } from "../../../sim/host.ts";
import { Alarm } from "../alarm.ts";
import { HEADER_BYTES, openMessage, sealMessage } from "../wire.ts";
import { type Detector, type DetectorCallbacks, observeFact } from "./detector.ts";
import type { PingOptions } from "./options.ts";
import { PingCore } from "./ping-core.ts";

/** A pong repeats its ping; the boot tells the answers to an earlier process of the same name apart. */
export type PingMessage = {
  readonly kind: "ping" | "pong";
  readonly boot: number;
  readonly sequence: number;
  /** Monotonic time of the sender of the ping. */
  readonly sentUs: number;
};

const NUMBER_BYTES = 8;
const SIZE_BYTES = HEADER_BYTES + 3 * NUMBER_BYTES;

/** Of one length, because it is the most frequent message. decode throws for anything that was not encoded as it is. */
export const pingCodec: Codec<PingMessage> = {
  typeOf: (message) => message.kind,
  sizeOf: () => SIZE_BYTES,
  encode: ({ kind, boot, sequence, sentUs }) =>
    sealMessage(kind === "ping" ? 0 : 1, (writer) => {
      writer.float(boot);
      writer.float(sequence);
      writer.float(sentUs);
    }),
  decode: (bytes) =>
    openMessage(bytes, (number, reader) => {
      if (number > 1) reader.failBefore(`${number} is no kind of message.`);
      const boot = reader.float("the boot");
      const sequence = reader.float("the sequence");
      return { kind: number === 0 ? "ping" : "pong", boot, sequence, sentUs: reader.float("the time") };
    }),
};

/** Opens the port and pings whoever is watched. */
export function startPing(host: Host, options: PingOptions, callbacks: DetectorCallbacks): Detector {
  const { port } = options;
  const boot = host.boot.incarnation;
  const now = (): number => host.clock.monotonicUs();
  const output = {
    ping: (peer: string, sequence: number, sentUs: number) =>
      socket.send({ host: peer, port }, { kind: "ping", boot, sequence, sentUs }),
    down: (peer: string, sinceUs: number) => callbacks.onDown(peer, "ping", sinceUs),
    answered: (peer: string, sequence: number) => observeFact(host, peer, { kind: "answered", sequence }),
    clusterSize: callbacks.clusterSize,
  };
  const core = new PingCore(options, host.random, output, now());
  const alarm = new Alarm(host, (nowUs) => {
    core.tick(nowUs);
    alarm.set(core.dueUs, nowUs);
  });
  const socket = host.net.open<PingMessage>({
    port,
    codec: pingCodec,
    sync: true,
    onMessage: (message, from) => {
      if (message.kind === "ping") {
        const { sequence, sentUs } = message;
        socket.send(from, { kind: "pong", boot: message.boot, sequence, sentUs });
        callbacks.onProbe(from.host);
      } else if (message.boot === boot) core.onPong(from.host, message.sequence, message.sentUs, now());
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
