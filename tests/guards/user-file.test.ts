/** A file of a user, run as a user runs it: its prints, its positions, and what it takes at its top. */
import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { seedbed, temporaryFolder } from "../cli/seedbed.ts";

const FILE = `import { setTimeout as sleep } from "node:timers/promises";
import { linearizable, scenario, type Host } from "seedbed";

type Unused = { readonly a: string };
const later = setTimeout;
const { now } = Date;

export const printing = scenario({
  name: "printing",
  title: "prints, waits with what it took at its top, and throws",
  settings: { nodes: { kind: "choice", of: [1], about: "one" } },
  node: () => async (host: Host) => {
    await sleep(2);
    await new Promise<void>((resolve) => later(resolve, 3));
    console.log("year", new Date(now()).getUTCFullYear(), host.name);
    if (host.boot.incarnation === 1)      throw new Error("as planned" satisfies Unused["a"]);
  },
  client: () => ({ invoke: async () => ({ type: "ok", value: null }) }),
  operations: () => [{ process: 0, afterUs: 1, f: "read", value: null }],
  faults: { kinds: [] },
  checks: [linearizable("register")],
});
`;

test("prints are told with host and time, a stack has the lines and columns of the source, and the top of a module is guarded", async () => {
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, "printing.scenario.ts"), FILE);
  const { code, stdout } = await seedbed(["run", "printing.scenario.ts"], { cwd: folder });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^ +5\.\d{3} ms {2}n1 prints: year 2023 n1$/m);
  expect(stdout).toContain("no-uncaught-error");
  expect(stdout).toContain("printing.scenario.ts:16:49");
  fs.rmSync(folder, { recursive: true });
});
