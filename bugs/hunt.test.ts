/** A hunt in which the specification alone judges. */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect, test } from "vitest";
import { bugById } from "./entries.ts";
import { hunt } from "./hunt.ts";
import { buildMutant } from "./mutant.ts";

test("validation alone finds a leader that takes a rejection for an acknowledgement, and names the action", {
  timeout: 120_000,
}, async () => {
  const bug = bugById("PUB-06");
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-hunt-"));
  try {
    const options = { seedsMax: 2, starts: 1, clientSeedsMax: 1, workers: 1, by: "specification" } as const;
    const { starts } = await hunt(bug, buildMutant(bug, parent), options);
    expect(starts[0]).toMatchObject({ caught: true, property: "specification" });
    expect(starts[0]!.mismatch).toMatchObject({ step: "receive-reject", action: "ReceiveReject" });
    expect(starts[0]!.mismatch!.message).toContain("changed from");
  } finally {
    fs.rmSync(parent, { recursive: true, force: true });
  }
});
