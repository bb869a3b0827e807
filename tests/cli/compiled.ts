/**
 * Compiles the tool once for the tests of this folder, which start it some fifty times: a start from sources takes three times the
 * processor time. It lies in a folder of its own, so that neither dist/ nor the sources of a running test are touched.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { TestProject } from "vitest/node";
import { repository, stage } from "../package/pack.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The compiled cli/main.js; nothing in projects that start the tool from sources. */
    compiledMain?: string;
  }
}

export function setup(project: TestProject): () => void {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-compiled-"));
  const staged = path.join(base, "staged");
  stage(staged);
  fs.symlinkSync(path.join(repository, "node_modules"), path.join(staged, "node_modules"));
  project.provide("compiledMain", path.join(staged, "dist", "cli", "main.js"));
  return () => fs.rmSync(base, { recursive: true, force: true });
}
