/**
 * The client library: finds the leader, retries, and says honestly what it knows of an operation's fate.
 *
 * A write keeps its session and sequence number over all attempts, so it takes effect once. It is `fail` only if no
 * attempt was ever sent: even a refused one may be duplicated by the network and reach a leader later. A read without an
 * answer is `fail`, since it has no effect. One operation at a time: a client is one of Jepsen's processes.
 */
import type { Address, DatagramSocket, Host, HostRandom, Timer } from "../../sim/host.ts";
import type { NodeId } from "../raft/message.ts";
import type { Write } from "./command.ts";
import type { KvOperation, Outcome } from "./operation.ts";
import type { KvClientSettings } from "./options.ts";
import { type KvMessage, type KvReply, type KvRequest, kvCodec, subjectKey, subjectOf } from "./protocol.ts";

/** Violated by a server that gives the result of one command as the answer to another. */
export const ANSWER_PROPERTY = "kv.answer-names-its-command" as const;

export type KvClientOptions = {
  readonly servers: readonly { readonly id: NodeId; readonly address: Address }[];
  readonly settings: KvClientSettings;
  /** Which server to ask first, and how long to pause; default: the stream of the host. */
  readonly random?: HostRandom;
};

export type KvClient = {
  /** Never rejects. Throws RangeError while another operation is going on. */
  invoke(operation: KvOperation): Promise<Outcome>;
  /** Asks the leader to hand over to a member; true when it has begun to. Never rejects; throws as invoke does. */
  transferLeadership(to: NodeId): Promise<boolean>;
  close(): void;
};

/** Opens a port of its own on the host. */
export function createKvClient(host: Host, options: KvClientOptions): KvClient {
  return new Client(host, options);
}

/** Request numbers of one boot. They differ from those of all others: an answer outlives the process that asked. */
const REQUESTS_MAX = 0x1_0000_0000;
const BOOTS_MAX = 0x1_0000;

type Waiting = { readonly request: KvRequest; readonly answer: (reply: KvReply | null) => void; readonly timer: Timer };

/** One operation's budget of time and attempts. */
type Budget = { readonly deadlineUs: number; attemptsLeft: number };

class Client implements KvClient {
  readonly #host: Host;
  readonly #options: KvClientOptions;
  readonly #random: HostRandom;
  readonly #socket: DatagramSocket<KvMessage>;
  #nextRequest: number;
  #waiting: Waiting | null = null;
  #isBusy = false;
  /** Index of the server to ask next: the leader, as far as known. */
  #target: number;
  /** 0: none yet, or expired. */
  #session = 0;
  #sequence = 0;

  constructor(host: Host, options: KvClientOptions) {
    this.#host = host;
    this.#options = options;
    this.#random = options.random ?? host.random;
    this.#nextRequest = (host.boot.incarnation % BOOTS_MAX) * REQUESTS_MAX + 1;
    this.#target = this.#random.below(options.servers.length);
    this.#socket = host.net.open<KvMessage>({
      port: 0,
      codec: kvCodec,
      onMessage: (message) => this.#onMessage(message),
    });
  }

  close(): void {
    this.#socket.close();
  }

  async invoke(operation: KvOperation): Promise<Outcome> {
    const budget = this.#begin();
    const outcome = operation.f === "get" ? await this.#get(operation, budget) : await this.#write(operation, budget);
    this.#isBusy = false;
    return outcome;
  }

  async transferLeadership(to: NodeId): Promise<boolean> {
    const budget = this.#begin();
    let isStarted = false;
    while (!isStarted && this.#hasBudget(budget)) {
      const reply = await this.#ask({ kind: "transfer", request: this.#nextRequest++, to }, budget);
      isStarted = reply?.status === "ok";
      if (!isStarted) await this.#prepareRetry(reply);
    }
    this.#isBusy = false;
    return isStarted;
  }

  #begin(): Budget {
    if (this.#isBusy)
      throw new RangeError("The client has an operation under way: use another client for another process.");
    this.#isBusy = true;
    const { operationTimeoutUs, attemptsMax } = this.#options.settings;
    return { deadlineUs: this.#host.clock.monotonicUs() + operationTimeoutUs, attemptsLeft: attemptsMax };
  }

  async #get(operation: KvOperation & { readonly f: "get" }, budget: Budget): Promise<Outcome> {
    const { key, isStaleOk = false } = operation;
    const isAnyServer = isStaleOk || this.#options.settings.readsFromAnyServer;
    while (this.#hasBudget(budget)) {
      const target = isAnyServer ? this.#random.below(this.#options.servers.length) : this.#target;
      // Every attempt is a new request: the server takes a new index for it.
      const reply = await this.#ask({ kind: "get", request: this.#nextRequest++, key, isStaleOk }, budget, target);
      if (reply?.status === "ok") return { type: "ok", value: reply.value };
      if (!isAnyServer) await this.#prepareRetry(reply);
      else if (reply !== null) await this.#pause();
    }
    return { type: "fail", error: "no answer in time" };
  }

  async #write(write: Write, budget: Budget): Promise<Outcome> {
    if (this.#session === 0 && !(await this.#register(budget)))
      return { type: "fail", error: "no session: nothing was sent" };
    const session = this.#session;
    this.#sequence += 1;
    const sequence = this.#sequence;
    let wasSent = false;
    while (this.#hasBudget(budget)) {
      const request = this.#nextRequest++;
      if (wasSent) this.#host.mark("kv.write-retried");
      wasSent = true;
      const reply = await this.#ask({ kind: "write", request, session, sequence, write }, budget);
      if (reply?.status === "ok") return okOfWrite(write, reply);
      if (reply?.status === "unknown-session") {
        this.#session = 0;
        return { type: "info", error: "the session expired" };
      }
      if (reply?.status === "stale-sequence")
        return { type: "info", error: "a later command of the session was applied" };
      await this.#prepareRetry(reply);
    }
    return wasSent ? { type: "info", error: "no answer in time" } : { type: "fail", error: "no time left to send it" };
  }

  async #register(budget: Budget): Promise<boolean> {
    const registration = this.#nextRequest;
    while (this.#hasBudget(budget)) {
      const reply = await this.#ask({ kind: "register", request: this.#nextRequest++, registration }, budget);
      if (reply?.status === "ok") {
        this.#session = reply.session;
        this.#sequence = 0;
        return true;
      }
      await this.#prepareRetry(reply);
    }
    return false;
  }

  #hasBudget(budget: Budget): boolean {
    return budget.attemptsLeft > 0 && this.#host.clock.monotonicUs() < budget.deadlineUs;
  }

  /** Sends one attempt; null when no answer comes in time. */
  #ask(request: KvRequest, budget: Budget, target: number = this.#target): Promise<KvReply | null> {
    budget.attemptsLeft -= 1;
    const leftUs = budget.deadlineUs - this.#host.clock.monotonicUs();
    const timeoutUs = Math.max(1, Math.min(this.#options.settings.attemptTimeoutUs, leftUs));
    const server = this.#options.servers[target]!; // A target is an index of this list.
    return new Promise((answer) => {
      const timer = this.#host.timers.after(timeoutUs, () => this.#answer(null));
      this.#waiting = { request, answer, timer };
      this.#socket.send(server.address, request);
    });
  }

  #onMessage(message: KvMessage): void {
    if (message.kind !== "reply" || this.#waiting === null) return;
    const { request } = this.#waiting;
    if (message.request === request.request && this.#isResultOf(request, message)) this.#answer(message);
  }

  /** A result has to name the command that was asked for: another client's is no answer, whatever attempt it says it is for. */
  #isResultOf(request: KvRequest, { status, subject }: KvReply): boolean {
    if (status === "not-leader" || status === "retry") return true;
    const asked = subjectKey(subjectOf(request, this.#socket.address));
    const answered = subject === null ? "nothing" : subjectKey(subject);
    this.#host.always(answered === asked, ANSWER_PROPERTY, () => ({ asked, answered, status }));
    return answered === asked;
  }

  #answer(reply: KvReply | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.timer.cancel();
    waiting?.answer(reply);
  }

  /** Turns to the leader that the server named; where none is known, to the next server, after a pause. */
  async #prepareRetry(reply: KvReply | null): Promise<void> {
    const { servers } = this.#options;
    const named = reply === null ? -1 : servers.findIndex(({ id }) => id === reply.leader);
    if (named !== -1 && named !== this.#target) {
      this.#target = named;
      return;
    }
    if (reply?.status !== "retry") this.#target = (this.#target + 1) % servers.length;
    if (reply !== null) await this.#pause();
  }

  #pause(): Promise<void> {
    return this.#host.timers.sleep(this.#random.between(1, this.#options.settings.backoffUsMax));
  }
}

function okOfWrite(write: Write, reply: KvReply): Outcome {
  return write.f === "cas" ? { type: "ok", value: null, result: reply.isSwapped } : { type: "ok", value: null };
}
