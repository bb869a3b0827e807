import { expect, test } from "vitest";
import { crc32 } from "../raft/bytes.ts";
import { type Command, encodeCommand, type Write } from "./command.ts";
import type { SessionLimits } from "./sessions.ts";
import { type CommandResult, KvStore } from "./store.ts";

const LIMITS: SessionLimits = { sessionTtlUs: 10_000, logTimeAdvanceUsMax: 1_000, sessionsMax: 3 };

class Log {
  readonly results: CommandResult[] = [];
  readonly marks: string[] = [];
  readonly store: KvStore;
  #index = 0;

  constructor(limits: SessionLimits = LIMITS) {
    this.store = new KvStore(limits, {
      onApplied: (_entry, result) => this.results.push(result),
      onRestored: () => undefined,
      mark: (name) => this.marks.push(name),
    });
  }

  apply(command: Command): CommandResult {
    this.#index += 1;
    const data = encodeCommand(command);
    this.store.apply({ index: this.#index, term: 1, data, checksum: crc32(data) });
    return this.results[this.results.length - 1]!;
  }

  register(proposedUs = 0): number {
    const result = this.apply({ kind: "register", proposedUs, client: "c1:1", registration: 1 });
    return result.status === "registered" ? result.session : 0;
  }

  write(session: number, sequence: number, write: Write, proposedUs = 0): CommandResult {
    return this.apply({ kind: "write", proposedUs, session, sequence, write });
  }
}

const put = (value: string): Write => ({ f: "put", key: "x", value });
const cas = (from: string | null, to: string): Write => ({ f: "cas", key: "x", value: [from, to] });

test("a retried command is applied once, and answered as the first time (thesis, section 6.3)", () => {
  const log = new Log();
  const session = log.register();
  expect(log.write(session, 1, cas(null, "a"))).toMatchObject({ isSwapped: true, isRepeated: false });
  expect(log.write(session, 1, cas(null, "a"))).toMatchObject({ isSwapped: true, isRepeated: true });
  expect(log.write(session, 2, cas(null, "b"))).toMatchObject({ isSwapped: false, isRepeated: false });
  expect(log.write(session, 2, cas("a", "b"))).toMatchObject({ isSwapped: false, isRepeated: true });
  expect(log.store.get("x")).toBe("a");
});

test("a command that arrives after a later one of its session is refused", () => {
  const log = new Log();
  const session = log.register();
  log.write(session, 2, put("new"));
  expect(log.write(session, 1, put("old"))).toEqual({ status: "stale-sequence" });
  expect(log.store.get("x")).toBe("new");
});

test("an unknown session is refused, not created", () => {
  const log = new Log();
  for (let i = 0; i < 2; i += 1) expect(log.write(7, 1, put("a"))).toEqual({ status: "unknown-session" });
  expect(log.store.get("x")).toBeNull();
});

test("a delete leaves no value, and cas can tell", () => {
  const log = new Log();
  const session = log.register();
  log.write(session, 1, put("a"));
  log.write(session, 2, { f: "delete", key: "x" });
  expect(log.store.get("x")).toBeNull();
  expect(log.write(session, 3, cas(null, "b"))).toMatchObject({ isSwapped: true });
});

test("a session expires by log time, which advances by a bounded step for each entry", () => {
  const log = new Log();
  const first = log.register(5_000);
  // A leader whose clock is an hour ahead: nine entries of it are not enough to expire anybody.
  const second = log.register(3_600_000_000);
  for (let i = 1; i <= 8; i += 1) log.write(second, i, put(`${i}`), 3_600_000_000);
  expect(log.write(first, 1, put("a"), 0)).toMatchObject({ status: "applied" });
  for (let i = 9; i <= 18; i += 1) log.write(second, i, put(`${i}`), 3_600_000_000);
  expect(log.write(first, 2, put("b"), 0)).toEqual({ status: "unknown-session" });
  expect(log.marks).toContain("kv.session-expired");
});

test("a clock that runs backwards does not move log time", () => {
  const log = new Log();
  const session = log.register(1_000_000);
  for (let i = 1; i <= 50; i += 1) expect(log.write(session, i, put("a"), 0)).toMatchObject({ status: "applied" });
});

test("one session too many drops the one that was idle longest", () => {
  const log = new Log();
  const [a, b, c] = [log.register(), log.register(), log.register()];
  log.write(a, 1, put("a"));
  const d = log.register();
  expect(log.write(b, 1, put("b"))).toEqual({ status: "unknown-session" });
  for (const session of [a, c, d]) expect(log.write(session, 9, put("ok"))).toMatchObject({ status: "applied" });
});

test("a snapshot carries values, sessions, cached answers and log time", () => {
  const log = new Log();
  const session = log.register(77);
  log.write(session, 1, cas(null, "ä€𝄞"));
  const copy = new Log();
  copy.store.restore(log.store.snapshot());
  expect(copy.store.get("x")).toBe("ä€𝄞");
  expect(copy.store.snapshot()).toEqual(log.store.snapshot());
  expect(copy.write(session, 1, cas(null, "again"))).toMatchObject({ isSwapped: true, isRepeated: true });
  expect(() => copy.store.restore(log.store.snapshot().subarray(1))).toThrow();
});
