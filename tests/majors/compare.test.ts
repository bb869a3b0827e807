import { expect, test } from "vitest";
import { type Column, differences } from "./compare.ts";

const A = "0123456789abcdef";
const B = "fedcba9876543210";

function column(name: string, digests: { readonly [run: string]: string | null }): Column {
  return { name, digests: new Map(Object.entries(digests)) };
}

test("equal digests in every column are no difference", () => {
  expect(differences([column("20", { "kv 1": A, "kv 2": B }), column("22", { "kv 2": B, "kv 1": A })])).toEqual([]);
});

test("one digest that differs is told with what each column has", () => {
  const columns = [column("20", { "kv 1": A, "kv 2": B }), column("22", { "kv 1": A, "kv 2": A })];
  expect(differences(columns)).toEqual([{ run: "kv 2", found: [B, A] }]);
});

test("a run that is missing, or was killed everywhere, does not pass", () => {
  const columns = [column("20", { "kv 1": A, "kv 2": null }), column("22", { "kv 2": null })];
  expect(differences(columns)).toEqual([
    { run: "kv 1", found: [A, "absent"] },
    { run: "kv 2", found: ["killed", "killed"] },
  ]);
});
