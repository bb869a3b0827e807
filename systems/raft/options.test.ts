import { expect, test } from "vitest";
import { checkRaftOptions, RAFT_DEFAULTS } from "./options.ts";

test("the defaults are accepted", () => {
  expect(() => checkRaftOptions(RAFT_DEFAULTS)).not.toThrow();
});

test("a setting that no cluster could run with is named", () => {
  expect(() => checkRaftOptions({ ...RAFT_DEFAULTS, inflightMax: 0 })).toThrow("Raft option inflightMax is 0");
  expect(() => checkRaftOptions({ ...RAFT_DEFAULTS, chunkBytes: 1.5 })).toThrow("Raft option chunkBytes is 1.5");
  expect(() => checkRaftOptions({ ...RAFT_DEFAULTS, snapshotKeepEntries: -1 })).toThrow(
    "Raft option snapshotKeepEntries is -1",
  );
  expect(() => checkRaftOptions({ ...RAFT_DEFAULTS, electionTimeoutUsMax: 100 })).toThrow(
    "Raft option electionTimeoutUsMax",
  );
  expect(() => checkRaftOptions({ ...RAFT_DEFAULTS, heartbeatUs: 150_000 })).toThrow("Raft option heartbeatUs");
});
