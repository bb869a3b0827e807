/** The replicated state machine: a map of strings and the sessions of its clients. */
import { ByteReader, ByteWriter } from "../raft/bytes.ts";
import type { Entry } from "../raft/message.ts";
import type { StateMachine } from "../raft/state-machine.ts";
import { readText, sizeOfText, writeText } from "../raft/text.ts";
import { type Command, decodeCommand, type Write } from "./command.ts";
import { type SessionLimits, SessionTable } from "./sessions.ts";

export type CommandResult =
  | { readonly status: "registered"; readonly session: number }
  /** `isSwapped` is true for every put and delete. */
  | { readonly status: "applied"; readonly isSwapped: boolean; readonly isRepeated: boolean }
  /** Expired, or never there: whether an earlier attempt was applied is not known any more. */
  | { readonly status: "unknown-session" }
  /** A later command of the session was applied before. */
  | { readonly status: "stale-sequence" };

export type StoreHooks = {
  /** Called after each command, with what it resulted in. */
  readonly onApplied: (entry: Entry, result: CommandResult, command: Command) => void;
  /** The state was replaced by a snapshot. */
  readonly onRestored: () => void;
  readonly mark: (name: string) => void;
};

export class KvStore implements StateMachine {
  readonly #hooks: StoreHooks;
  readonly #sessions: SessionTable;
  readonly #values: Map<string, string> = new Map();

  constructor(limits: SessionLimits, hooks: StoreHooks) {
    this.#sessions = new SessionTable(limits);
    this.#hooks = hooks;
  }

  get(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  apply(entry: Entry): number {
    const command = decodeCommand(entry.data);
    if (this.#sessions.advance(command.proposedUs) > 0) this.#hooks.mark("kv.session-expired");
    const result = this.#execute(entry.index, command);
    this.#hooks.onApplied(entry, result, command);
    return this.#hashOf(result);
  }

  #execute(index: number, command: Command): CommandResult {
    if (command.kind === "register") {
      this.#sessions.register(index);
      return { status: "registered", session: index };
    }
    const session = this.#sessions.touch(command.session);
    if (session === undefined) {
      this.#hooks.mark("kv.unknown-session");
      return { status: "unknown-session" };
    }
    const { sequence } = command;
    // A retry is answered as the first attempt was, without a second effect (thesis, section 6.3).
    if (sequence === session.lastSequence) return this.#repeat(session.lastResult);
    if (sequence < session.lastSequence) return { status: "stale-sequence" };
    session.lastSequence = sequence;
    session.lastResult = this.#write(command.write);
    return { status: "applied", isSwapped: session.lastResult, isRepeated: false };
  }

  #repeat(isSwapped: boolean): CommandResult {
    this.#hooks.mark("kv.command-repeated");
    return { status: "applied", isSwapped, isRepeated: true };
  }

  #write(write: Write): boolean {
    switch (write.f) {
      case "put":
        this.#values.set(write.key, write.value);
        return true;
      case "delete":
        this.#values.delete(write.key);
        return true;
      case "cas": {
        const [from, to] = write.value;
        if (this.get(write.key) !== from) return false;
        this.#values.set(write.key, to);
        return true;
      }
    }
  }

  /** What replicas that agree agree on: the result, the time of the log, and the sizes of both tables. */
  #hashOf(result: CommandResult): number {
    const status = result.status.length + (result.status === "applied" && result.isSwapped ? 100 : 0);
    const sizes = Math.imul(this.#sessions.size, 0x9e3779b1) ^ Math.imul(this.#values.size, 0x85ebca6b);
    return (status ^ sizes ^ (this.#sessions.logTimeUs >>> 0)) >>> 0;
  }

  snapshot(): Uint8Array {
    let bytes = 4 + this.#sessions.encodedBytes;
    for (const [key, value] of this.#values) bytes += sizeOfText(key) + sizeOfText(value);
    const writer = new ByteWriter(bytes);
    this.#sessions.encode(writer);
    writer.u32(this.#values.size);
    for (const [key, value] of this.#values) {
      writeText(writer, key);
      writeText(writer, value);
    }
    return writer.bytes;
  }

  restore(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    this.#sessions.decode(reader);
    this.#values.clear();
    const count = reader.u32();
    for (let i = 0; i < count; i += 1) {
      const key = readText(reader);
      this.#values.set(key, readText(reader));
    }
    reader.finish();
    this.#hooks.onRestored();
  }
}
