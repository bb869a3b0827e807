/**
 * A client for scenarios: it opens connections through the balancer of a node, several at a time, and asks on each of them.
 *
 * It does what a kernel does below a socket: packets are sent again until an answer comes or the time is up. It stays with the node that
 * served it last and goes to the next one when that does not answer.
 */
import type { Address, DatagramSocket, Host, Timer } from "../../../sim/host.ts";
import { PACKET_CODEC, type Packet } from "../packet.ts";
import type { Vip } from "../vip.ts";
import { isIpv4 } from "../vip.ts";
import type { Command } from "./agent.ts";

export type ClientOptions = {
  readonly port: number;
  /** Balancers, the client's own node first. */
  readonly balancers: readonly Address[];
  /** A packet without an answer is sent again after this. */
  readonly resendUs: number;
  /** Each step (a name, an open, a request) is given up after this. */
  readonly stepTimeoutUs: number;
};

/** The task that answered a request, and the balancer's name of the connection that brought the answer: node, boot and number. */
export type Answer = { readonly server: string; readonly via: string };

/** What a connection came to: its answers, in order of the requests; or why it failed. */
export type Exchange =
  | { readonly kind: "ok"; readonly accepted: string | null; readonly answers: readonly Answer[] }
  | { readonly kind: "failed"; readonly reason: string };

type Expected = (packet: Packet) => boolean;
type Wait = { readonly expected: Expected; readonly settle: (packet: Packet | null) => void };

/** Where a connection goes: as the packets of a client name it. */
type Target = {
  readonly source: number;
  readonly protocol: Vip["protocol"];
  readonly address: string;
  readonly port: number;
};

export class BalancerClient {
  readonly #host: Host;
  readonly #options: ClientOptions;
  readonly #socket: DatagramSocket<Packet>;
  readonly #waiting: Map<number, Wait> = new Map();
  #home = 0;
  #lastSource = 0;

  constructor(host: Host, options: ClientOptions) {
    this.#host = host;
    this.#options = options;
    this.#socket = host.net.open<Packet>({
      port: options.port,
      codec: PACKET_CODEC,
      onMessage: (packet) => this.#take(packet),
    });
  }

  /** Opens `threads` connections to a VIP at once and asks `requests` times on each, one after the other. */
  async burst(vip: Vip, size: { readonly threads: number; readonly requests: number }): Promise<readonly Exchange[]> {
    const home = this.#options.balancers[this.#home % this.#options.balancers.length]!;
    const address = await this.#resolve(home, vip.host);
    if (address === null) {
      this.#home += 1;
      return [{ kind: "failed", reason: "no-answer" }];
    }
    if (address === "") return [{ kind: "failed", reason: "no-name" }];
    const exchanges = Array.from({ length: size.threads }, () =>
      this.#exchange(
        home,
        { source: ++this.#lastSource, protocol: vip.protocol, address, port: vip.port },
        size.requests,
      ),
    );
    return Promise.all(exchanges);
  }

  /** Tells the agent of a node what shall become of a task; null when it does not answer. */
  async command(to: Address, task: string, command: Command): Promise<string | null> {
    const source = ++this.#lastSource;
    const packet = {
      type: "command",
      source,
      task,
      action: command.action,
      argument: JSON.stringify(command),
    } as const;
    const answer = await this.#ask(to, packet, ({ type }) => type === "done");
    if (answer?.type !== "done") return null;
    this.#isOwn(`${command.action} of ${task}`, `${answer.action} of ${answer.task}`);
    return answer.result;
  }

  /** The address of a name; empty when there is none, null when the balancer does not answer. */
  async #resolve(home: Address, name: string): Promise<string | null> {
    if (isIpv4(name)) return name;
    const answer = await this.#ask(
      home,
      { type: "resolve", source: ++this.#lastSource, name },
      ({ type }) => type === "resolved",
    );
    if (answer?.type !== "resolved") return null;
    this.#isOwn(`the name ${name}`, `the name ${answer.name}`);
    return answer.address;
  }

  async #exchange(home: Address, target: Target, requests: number): Promise<Exchange> {
    const answers: Answer[] = [];
    let accepted: string | null = null;
    const failed = (answer: Packet | null): Exchange => {
      this.#socket.send(home, { type: "end", ...target });
      return { kind: "failed", reason: answer?.type === "refuse" ? answer.reason : "timeout" };
    };
    if (target.protocol === "tcp") {
      const answer = await this.#ask(home, { type: "open", ...target }, ({ type }) => type === "accept");
      if (answer?.type !== "accept") return failed(answer);
      accepted = answer.via;
    }
    for (let request = 1; request <= requests; request += 1) {
      const payload = `${this.#host.name}/${target.source}/${request}`;
      const answer = await this.#ask(
        home,
        { type: "send", ...target, request, payload },
        (packet) => packet.type === "reply" && packet.request === request,
      );
      if (answer?.type !== "reply") return failed(answer);
      this.#isOwn(payload, answer.payload);
      answers.push({ server: answer.server, via: answer.via });
    }
    this.#socket.send(home, { type: "end", ...target });
    return { kind: "ok", accepted, answers };
  }

  /** Fails the run when an answer names something else than what this client asked. */
  #isOwn(asked: string, answered: string): void {
    this.#host.always(asked === answered, "balancer-answers-own-request", () => ({ asked, answered }));
  }

  /** Sends until an expected packet or a refusal comes; null when none came in time. */
  #ask(to: Address, packet: Extract<Packet, { readonly source: number }>, expected: Expected): Promise<Packet | null> {
    const { resendUs, stepTimeoutUs } = this.#options;
    return new Promise((resolve) => {
      let sentUs = 0;
      let timer: Timer | null = null;
      const settle = (answer: Packet | null): void => {
        timer?.cancel();
        this.#waiting.delete(packet.source);
        resolve(answer);
      };
      const send = (): void => {
        if (sentUs >= stepTimeoutUs) {
          settle(null);
          return;
        }
        this.#socket.send(to, packet);
        timer = this.#host.timers.after(Math.min(resendUs, stepTimeoutUs - sentUs), send);
        sentUs += resendUs;
      };
      this.#waiting.set(packet.source, { expected, settle });
      send();
    });
  }

  #take(packet: Packet): void {
    if (!("source" in packet)) return;
    const wait = this.#waiting.get(packet.source);
    if (wait !== undefined && (packet.type === "refuse" || wait.expected(packet))) wait.settle(packet);
  }
}
