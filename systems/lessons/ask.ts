/** Requests and answers over datagrams for the lessons: one attempt, a timeout, and never a second answer. */
import type { Address, DatagramSocket, Host } from "../../sim/host.ts";
import { jsonCodec } from "../json-codec.ts";

export type Message = {
  readonly type: string;
  /** Set by ask; an answer repeats it. */
  readonly id: number;
  readonly value?: string | null;
  readonly version?: number;
  readonly token?: number;
  readonly key?: string;
  readonly items?: readonly string[];
};

/** What an asker gives: everything but the id. */
export type Question = Omit<Message, "id">;

export type Handler = (message: Message, from: Address, answer: (message: Question) => void) => void | Promise<void>;

export type Asker = {
  /** The answer, or null after the timeout. */
  ask(to: Address, question: Question, timeoutUs: number): Promise<Message | null>;
};

/** Opens a socket that asks, and hands what is no answer to `handle`. */
export function openAsker(host: Host, port: number, handle: Handler = () => {}): Asker {
  const waiting = new Map<number, (answer: Message | null) => void>();
  let nextId = 1;
  const socket: DatagramSocket<Message> = host.net.open<Message>({
    port,
    codec: jsonCodec<Message>(),
    onMessage: (message, from) => {
      if (message.id < 0) {
        waiting.get(-message.id)?.(message);
        return;
      }
      return handle(message, from, (answer) => socket.send(from, { ...answer, id: -message.id }));
    },
  });
  return {
    ask: (to, question, timeoutUs) =>
      new Promise((resolve) => {
        const id = nextId++;
        const timer = host.timers.after(timeoutUs, () => settle(null));
        const settle = (answer: Message | null): void => {
          waiting.delete(id);
          timer.cancel();
          resolve(answer);
        };
        waiting.set(id, settle);
        socket.send(to, { ...question, id });
      }),
  };
}
