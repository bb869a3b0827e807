/** Conformance with TLC, as examples.test.ts: the published models that take up to two seconds each. */
import { describe, it } from "vitest";
import { agree, check, examples, modelsOf } from "./examples.test.help.ts";

describe("published models that take longer", () => {
  it.each(modelsOf("models-longer.json"))(
    "$cfg gives the published counts and verdict",
    { timeout: 120_000 },
    (entry) => {
      agree(check(examples, entry), entry);
    },
  );
});
