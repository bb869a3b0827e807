/**
 * The session table: what makes a retried command take effect once (Raft thesis, section 6.3).
 *
 * A client has one command outstanding at a time, so one cached answer for each session is enough. Sessions expire by
 * log time, which all replicas agree on; an unknown session is refused and never created by the way.
 */
import type { ByteReader, ByteWriter } from "../raft/bytes.ts";

export type SessionLimits = {
  /** A session without a command for this long of log time is dropped. */
  readonly sessionTtlUs: number;
  /** Log time advances by at most this much an entry, so that one leader's wrong clock cannot expire everybody. */
  readonly logTimeAdvanceUsMax: number;
  /** One more session drops the one that was idle longest. */
  readonly sessionsMax: number;
};

export type Session = {
  lastSequence: number;
  /** The answer to lastSequence: whether a cas wrote. */
  lastResult: boolean;
  activeUs: number;
};

export class SessionTable {
  readonly #limits: SessionLimits;
  // In the order of their last activity: the one that expires first comes first.
  readonly #sessions: Map<number, Session> = new Map();
  // Invariant: never decreases.
  #logTimeUs = 0;

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get logTimeUs(): number {
    return this.#logTimeUs;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Log time follows what leaders propose: never back, and never far at once. Drops what has expired. */
  advance(proposedUs: number): number {
    const limitUs = this.#logTimeUs + this.#limits.logTimeAdvanceUsMax;
    // The first entry of all sets the clock.
    const reachedUs = this.#logTimeUs === 0 ? proposedUs : Math.min(proposedUs, limitUs);
    this.#logTimeUs = Math.max(this.#logTimeUs, reachedUs);
    let dropped = 0;
    for (const [id, session] of this.#sessions) {
      if (this.#logTimeUs - session.activeUs < this.#limits.sessionTtlUs) break;
      this.#sessions.delete(id);
      dropped += 1;
    }
    return dropped;
  }

  register(id: number): void {
    if (this.#sessions.size >= this.#limits.sessionsMax) {
      for (const oldest of this.#sessions.keys()) {
        this.#sessions.delete(oldest);
        break;
      }
    }
    this.#sessions.set(id, { lastSequence: 0, lastResult: false, activeUs: this.#logTimeUs });
  }

  /** The session, moved to the end of the queue of those that expire; undefined when it is unknown. */
  touch(id: number): Session | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    session.activeUs = this.#logTimeUs;
    return session;
  }

  get encodedBytes(): number {
    return 12 + 21 * this.#sessions.size;
  }

  encode(writer: ByteWriter): void {
    writer.u64(this.#logTimeUs);
    writer.u32(this.#sessions.size);
    for (const [id, session] of this.#sessions) {
      writer.u48(id);
      writer.u48(session.lastSequence);
      writer.u8(session.lastResult ? 1 : 0);
      writer.u64(session.activeUs);
    }
  }

  decode(reader: ByteReader): void {
    this.#sessions.clear();
    this.#logTimeUs = reader.u64();
    const count = reader.u32();
    for (let i = 0; i < count; i += 1) {
      const id = reader.u48();
      const lastSequence = reader.u48();
      const lastResult = reader.u8() === 1;
      this.#sessions.set(id, { lastSequence, lastResult, activeUs: reader.u64() });
    }
  }
}
