import { expect, test } from "vitest";
import { type KvResultRecord, KvStoreMonitor, type KvWriteRecord } from "./kv-store-monitor.ts";

/** One replica, whose entries come one after the other. */
class Script {
  readonly monitor: KvStoreMonitor = new KvStoreMonitor({
    sessionTtlUs: 1_000,
    logTimeAdvanceUsMax: 400,
    sessionsMax: 2,
  });
  #index = 0;
  #nowUs = 10_000;

  after(elapsedUs: number): this {
    this.#nowUs += elapsedUs;
    return this;
  }

  register(result: KvResultRecord): this {
    this.#index += 1;
    const command = { kind: "register", proposedUs: this.#nowUs } as const;
    this.monitor.applied({ host: "n1", index: this.#index, command, result });
    return this;
  }

  write(session: number, sequence: number, result: KvResultRecord, write: KvWriteRecord = PUT): this {
    this.#index += 1;
    const command = { kind: "write", proposedUs: this.#nowUs, session, sequence, write } as const;
    this.monitor.applied({ host: "n1", index: this.#index, command, result });
    return this;
  }

  get violations(): readonly string[] {
    return this.monitor.violations;
  }
}

const PUT: KvWriteRecord = { f: "put", key: "k", value: "1" };
const CAS: KvWriteRecord = { f: "cas", key: "k", value: ["1", "2"] };
const applied = (isSwapped: boolean, isRepeated = false): KvResultRecord => ({
  status: "applied",
  isSwapped,
  isRepeated,
});
const registered = (session: number): KvResultRecord => ({ status: "registered", session });
const UNKNOWN: KvResultRecord = { status: "unknown-session" };

test("accepts writes, repetitions, an expiry and an eviction as the store specifies them", () => {
  const script = new Script().register(registered(1)).write(1, 1, applied(true)).write(1, 2, applied(true), CAS);
  script.write(1, 2, applied(true, true), CAS).write(1, 1, { status: "stale-sequence" });
  script.write(1, 3, applied(false), CAS);
  // The third session takes the place of the one that was idle longest.
  script.register(registered(7)).write(1, 4, applied(true)).register(registered(9)).write(7, 1, UNKNOWN);
  for (let i = 0; i < 3; i += 1) script.after(400).write(1, 5 + i, applied(true));
  script.write(9, 1, UNKNOWN);
  expect(script.violations).toEqual([]);
});

test("a clock that leaps takes log time along by a little an entry, and one that goes back not at all", () => {
  const script = new Script().register(registered(1)).after(100_000).write(1, 1, applied(true));
  script.after(-200_000).write(1, 2, applied(true)).register(registered(4)).write(1, 3, applied(true));
  expect(script.violations).toEqual([]);
});

test("rejects a write of an expired session that was executed", () => {
  const script = new Script().register(registered(1)).register(registered(2));
  for (let i = 0; i < 3; i += 1) script.after(400).write(2, 1 + i, applied(true));
  script.write(1, 1, applied(true));
  expect(script.violations).toEqual([
    "n1 answered entry 6 (write 1.1) with applied; by the log up to there it is unknown-session.",
  ]);
});

test("rejects a session that expires while it is in use", () => {
  const script = new Script().register(registered(1));
  for (let i = 0; i < 3; i += 1) script.after(400).write(1, 1 + i, i < 2 ? applied(true) : UNKNOWN);
  expect(script.violations).toEqual([
    "n1 answered entry 4 (write 1.3) with unknown-session; by the log up to there it is applied.",
  ]);
});

test("rejects a retry that was executed again, one whose first answer was forgotten, and an old command that was executed", () => {
  const start = (): Script =>
    new Script().register(registered(1)).write(1, 1, applied(true)).write(1, 2, applied(true), CAS);
  expect(start().write(1, 2, applied(false), CAS).violations).toHaveLength(1);
  expect(start().write(1, 2, applied(false, true), CAS).violations).toHaveLength(1);
  expect(start().write(1, 1, applied(true)).violations).toHaveLength(1);
});

test("rejects the eviction of a session that was used later than another", () => {
  const script = new Script().register(registered(1)).register(registered(2)).write(1, 1, applied(true));
  expect(script.register(registered(4)).write(1, 2, UNKNOWN).violations).toHaveLength(1);
});

test("rejects a replica that answers otherwise than the first, at the same index", () => {
  const script = new Script().register(registered(1)).write(1, 1, applied(true));
  const command = { kind: "write", proposedUs: 10_000, session: 1, sequence: 1, write: PUT } as const;
  script.monitor.applied({ host: "n2", index: 2, command, result: UNKNOWN });
  expect(script.violations).toEqual([
    "n2 answered entry 2 (write 1.1) with unknown-session; by the log up to there it is applied.",
  ]);
});
