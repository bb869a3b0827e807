/**
 * A client of a group of stores: one request at a time, to the store that the caller names, and never done twice.
 *
 * A request names the boot of the store that it means. When another boot says that it is not meant, the network may have delivered
 * a second copy of the request, and the first to the boot before: so an update is then not asked for again, while a read is.
 *
 * An answer names the command whose result it gives. That of another command is a fault of the store: the client claims ANSWER_PROPERTY.
 */
import type { DatagramSocket, Host, PlainData } from "../../sim/host.ts";
import { compareText } from "../crdt/index.ts";
import type { StoreCall } from "./kind.ts";
import { nameOfCommand, storeCodec, type StoreMessage, type StoreReply, type StoreRequest } from "./protocol.ts";

export type StoreClientOptions = {
  readonly stores: readonly string[];
  readonly storePort: number;
  readonly clientPort: number;
  /** A request is given up after this. */
  readonly timeoutUs: number;
};

export type StoreAnswer =
  | { readonly kind: "answer"; readonly reply: StoreReply }
  /** Certainly not done, and never will be. */
  | { readonly kind: "refused"; readonly error: string }
  /** Nobody answered: an update may have been done. */
  | { readonly kind: "silence" }
  /** The store has booted since the client heard of it last: an update may have been done by the boot that was meant. */
  | { readonly kind: "moved" };

/** Violated when a client is given the result of a command that it did not ask for. */
export const ANSWER_PROPERTY = "crdt-answer-of-own-command";

type RequestBody = Omit<StoreRequest, "request" | "boot" | "client">;

export class StoreClient {
  readonly #host: Host;
  readonly #options: StoreClientOptions;
  readonly #socket: DatagramSocket<StoreMessage>;
  /** The boot that each store was in when last heard of. */
  readonly #boots: Map<string, number> = new Map();
  readonly #waiting: Map<number, (reply: StoreReply | null) => void> = new Map();
  /** The name of this boot of the client. */
  readonly #name: string;
  #request = 0;

  constructor(host: Host, options: StoreClientOptions) {
    this.#host = host;
    this.#options = options;
    this.#name = `${host.name}#${host.boot.incarnation}`;
    this.#socket = host.net.open({
      port: options.clientPort,
      codec: storeCodec,
      onMessage: (message) => this.#take(message as StoreReply),
    });
  }

  update(store: string, call: StoreCall, copies: number): Promise<StoreAnswer> {
    return this.#ask(store, { type: "update", call, copies });
  }

  read(store: string): Promise<StoreAnswer> {
    return this.#ask(store, { type: "read" });
  }

  /** True once all stores hold the same at one time of asking, within the timeout. */
  async agree(pauseUs: number): Promise<boolean> {
    const endUs = this.#host.clock.monotonicUs() + this.#options.timeoutUs;
    while (this.#host.clock.monotonicUs() < endUs) {
      const answers = await Promise.all(this.#options.stores.map((store) => this.#ask(store, { type: "held" })));
      const states = answers.map((answer) => (answer.kind === "answer" ? textOf(answer.reply) : null));
      if (states.every((state) => state !== null && state === states[0])) return true;
      await this.#host.timers.sleep(pauseUs);
    }
    return false;
  }

  #take(reply: StoreReply): void {
    // An answer to a boot before this one: its requests had the same numbers.
    if (reply.client !== this.#name) return;
    const settle = this.#waiting.get(reply.request);
    if (settle === undefined) return;
    const asked = nameOfCommand({ client: this.#name, request: reply.request });
    this.#host.always(reply.command === asked, ANSWER_PROPERTY, () => ({ asked, given: reply.command }));
    settle(reply);
  }

  async #ask(store: string, body: RequestBody): Promise<StoreAnswer> {
    const endUs = this.#host.clock.monotonicUs() + this.#options.timeoutUs;
    for (;;) {
      const leftUs = endUs - this.#host.clock.monotonicUs();
      if (leftUs <= 0) return { kind: "refused", error: "the store boots again and again" };
      const reply = await this.#send(store, { ...body, boot: this.#boots.get(store) ?? 1 }, leftUs);
      if (reply === null) return { kind: "silence" };
      this.#boots.set(store, reply.boot);
      if (reply.type === "refused") return { kind: "refused", error: reply.error ?? "refused" };
      if (reply.type !== "moved") return { kind: "answer", reply };
      if (body.type === "update") return { kind: "moved" };
    }
  }

  #send(store: string, body: RequestBody & Pick<StoreRequest, "boot">, timeoutUs: number): Promise<StoreReply | null> {
    return new Promise((resolve) => {
      const number = ++this.#request;
      const timer = this.#host.timers.after(timeoutUs, () => settle(null));
      const settle = (reply: StoreReply | null): void => {
        this.#waiting.delete(number);
        timer.cancel();
        resolve(reply);
      };
      this.#waiting.set(number, settle);
      this.#socket.send(
        { host: store, port: this.#options.storePort },
        { ...body, client: this.#name, request: number },
      );
    });
  }
}

function textOf({ held }: StoreReply): string {
  const sorted = Object.entries((held ?? {}) as { readonly [actor: string]: PlainData }).sort((a, b) =>
    compareText(a[0], b[0]),
  );
  return JSON.stringify(sorted);
}
