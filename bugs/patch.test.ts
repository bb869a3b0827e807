import { expect, test } from "vitest";
import { applyPatch, PatchError } from "./patch.ts";

const source = "a\nb\nc\nd\n";
const patch = "--- a/x.ts\n+++ b/x.ts\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n";

test("a hunk replaces its lines where they stand, also after they moved", () => {
  expect(applyPatch(patch, () => source).get("x.ts")).toBe("a\nB\nc\nd\n");
  expect(applyPatch(patch, () => `new\n${source}`).get("x.ts")).toBe("new\na\nB\nc\nd\n");
});

test("a hunk that fits nowhere, or in two places, does not apply", () => {
  expect(() => applyPatch(patch, () => "a\nx\nc\n")).toThrow(PatchError);
  expect(() => applyPatch(patch, () => source + source)).toThrow("fits in 2 places");
});

test("text that is no diff is refused", () => {
  expect(() => applyPatch("hello", () => source)).toThrow(PatchError);
});
