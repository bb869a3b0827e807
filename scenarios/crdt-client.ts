/** A process of the workload: asks stores, and remembers what it has read last, so that later calls can speak about that. */
import type { PlainJson } from "../checkers/history.ts";
import type { StoreAnswer, StoreClient } from "../systems/crdt-store/client.ts";
import type { StoreCall, StoreContext } from "../systems/crdt-store/kind.ts";
import { type Asked, callOf, isRead } from "./crdt-history.ts";
import type { Outcome, PlannedOperation } from "./scenario.ts";

const AGREE_PAUSE_US = 25_000;

type Read = { readonly held: PlainJson; readonly shown: PlainJson; readonly clock: PlainJson | null };

type Resolve = (value: PlainJson, shown: PlainJson) => PlainJson;

export class StoreProcess {
  readonly #client: StoreClient;
  /** How many other replicas must have an update before it is acknowledged. */
  readonly #copies: number;
  /** For types without contexts: puts a call in the words of what was read. */
  readonly #resolve: Resolve | undefined;
  /** The last read that was answered, of whatever store. */
  #read: Read | null = null;

  constructor(client: StoreClient, copies: number, resolve: Resolve | undefined) {
    this.#client = client;
    this.#copies = copies;
    this.#resolve = resolve;
  }

  async invoke(operation: PlannedOperation): Promise<Outcome> {
    const { at, isOfRead } = operation.value as Asked;
    if (operation.f === "agree") {
      const isAgreed = await this.#client.agree(AGREE_PAUSE_US);
      return isAgreed ? { type: "ok" } : { type: "fail", error: "the replicas differ" };
    }
    if (isRead(operation.f)) {
      const answer = await this.#client.read(at);
      this.#remember(answer);
      return outcomeOf(answer, "fail", {});
    }
    const call = callOf(operation);
    const read = isOfRead === true ? this.#read : null;
    if (read === null) return outcomeOf(await this.#client.update(at, call, this.#copies), "info", {});
    const { call: made, told } = this.#ofRead(call, read);
    return outcomeOf(await this.#client.update(at, made, this.#copies), "info", told);
  }

  #remember(answer: StoreAnswer): void {
    if (answer.kind !== "answer") return;
    const { held, value, context } = answer.reply;
    this.#read = {
      held: plain(held ?? {}),
      shown: plain(value ?? null),
      clock: context === undefined ? null : plain(context),
    };
  }

  /** The call about what was read, and what the history must know of it. */
  #ofRead(
    call: StoreCall,
    { held, shown, clock }: Read,
  ): { call: StoreCall; told: { readonly [name: string]: PlainJson } } {
    if (this.#resolve !== undefined) {
      const asked = this.#resolve(plain(call.value), shown);
      return { call: { ...call, value: asked }, told: { asked } };
    }
    const context: StoreContext = { held, clock: clock ?? {} };
    return { call: { ...call, context }, told: { observed: held } };
  }
}

/** What came as JSON. */
function plain(value: StoreCall["value"]): PlainJson {
  return value as PlainJson;
}

/** A read that nobody answered did nothing; an update may have. */
function outcomeOf(
  answer: StoreAnswer,
  silence: "fail" | "info",
  more: { readonly [name: string]: PlainJson },
): Outcome {
  if (answer.kind === "silence") return { type: silence, error: "no answer" };
  if (answer.kind === "moved") return { type: "info", error: "the store has booted since" };
  if (answer.kind === "refused") return { type: "fail", error: answer.error };
  const { id, told, held, value, state, trimmed } = answer.reply;
  const fields = { id: id ?? null, told: told ?? null, held: held ?? {}, shown: value, state, trimmed, ...more };
  const result = Object.fromEntries(Object.entries(fields).filter(([, found]) => found !== undefined));
  return { type: "ok", result: result as NonNullable<Asked["value"]> };
}
