/**
 * Messages on their way out, and the rule of durability: what a message promises has to be on the disk before it leaves.
 *
 * Each change of the node's persistent state gets a number; a message that rests on the state waits until every change
 * made before it is durable.
 */
import type { Message } from "./message.ts";

const NO_MESSAGES: readonly Message[] = [];

type Held = { readonly sequence: number; readonly message: Message };

export class Outbox {
  // Invariant: #durable <= #taken <= #latest.
  #latest = 0;
  #taken = 0;
  #durable = 0;
  readonly #held: Held[] = [];
  #messages: Message[] = [];
  readonly #onSend: (message: Message) => void;

  /** `onSend` hears of a message when nothing holds it back any more. */
  constructor(onSend: (message: Message) => void) {
    this.#onSend = onSend;
  }

  /** The persistent state changed. */
  changed(): void {
    this.#latest += 1;
  }

  get hasUnsaved(): boolean {
    return this.#latest !== this.#taken;
  }

  /** All changes so far are being made durable; returns their number, for `saved`. */
  takeUnsaved(): number {
    this.#taken = this.#latest;
    return this.#taken;
  }

  /** Changes up to `sequence` are durable: what waited for them goes out, unless it is of an earlier term. */
  saved(sequence: number, term: number): void {
    this.#durable = sequence;
    let count = 0;
    for (const held of this.#held) {
      if (held.sequence > sequence) break;
      count += 1;
      // What was said in an earlier term interests nobody any more.
      if (held.message.term === term) this.send(held.message);
    }
    if (count > 0) this.#held.splice(0, count);
  }

  send(message: Message): void {
    this.#messages.push(message);
    this.#onSend(message);
  }

  /** Holds the message back until every change made so far is durable. */
  sendWhenDurable(message: Message): void {
    if (this.#durable === this.#latest) this.send(message);
    else this.#held.push({ sequence: this.#latest, message });
  }

  take(): readonly Message[] {
    if (this.#messages.length === 0) return NO_MESSAGES;
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }
}
