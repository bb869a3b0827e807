/** A system keeps no mutable state in a module: two hosts of one simulation would share it, and a restart would not clear it. */
import * as fs from "node:fs";
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SYSTEMS = fileURLToPath(new URL("../systems", import.meta.url));

/** Declarations at the top level of a module that can change after it was loaded. */
function mutableDeclarations(source: string): string[] {
  return source.split("\n").filter((line) => {
    if (/^(export )?(let|var) /.test(line)) return true;
    const declared = /^(?:export )?const \w+(: [^=]+)? = (new (Map|Set|WeakMap|WeakSet|Array)\b|\[\]|\{\})/.exec(line);
    return declared !== null && !/[Rr]eadonly/.test(declared[1] ?? "");
  });
}

test("finds what could change and leaves alone what cannot", () => {
  const bad = ["let count = 0;", "export const cache = new Map<string, number>();", "const seen: string[] = [];"];
  const good = [
    "const NONE: readonly string[] = [];",
    "const NAMES: ReadonlyMap<string, number> = new Map();",
    "  let local = 1;",
    "const MAX = 3;",
  ];
  expect(mutableDeclarations([...bad, ...good].join("\n"))).toEqual(bad);
});

test("no module of a system holds mutable state", () => {
  const files = fs
    .readdirSync(SYSTEMS, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !/\.(test|fixture|help)\.ts$|fixtures/.test(file));
  expect(files.length).toBeGreaterThan(20);
  const found = files.flatMap((file) =>
    mutableDeclarations(fs.readFileSync(path.join(SYSTEMS, file), "utf8")).map((line) => `${file}: ${line}`),
  );
  expect(found).toEqual([]);
});
