import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FAULT_KINDS } from "./kinds.ts";
import { parsePlan } from "./parse-plan.ts";
import { fieldsOf } from "./plan-schema.ts";

function page(name: string): string {
  return readFileSync(new URL(`../docs/${name}`, import.meta.url), "utf8");
}

test("every plan in docs/plan.md can be parsed", () => {
  const blocks = [...page("plan.md").matchAll(/```json\n([\s\S]*?)```/g)].map((match) => match[1]!);
  expect(blocks.length).toBeGreaterThan(2);
  for (const block of blocks) {
    parsePlan(JSON.parse(block), { hosts: ["n1", "n2"], groups: [], targets: ["leader"], kinds: FAULT_KINDS });
  }
});

test("docs/faults.md has a section for every kind, in order, that names each of its own fields", () => {
  const sections = page("faults.md").split(/^### /m).slice(1);
  expect(sections.map((section) => section.split("\n")[0])).toEqual([...FAULT_KINDS]);
  const shared = ["kind", "atUs", "when", "forUs", "struck", "hosts", "groups", "links", "direction", "pathPrefix"];
  for (const section of sections) {
    const kind = section.split("\n")[0];
    for (const field of fieldsOf(kind).filter((name) => !shared.includes(name))) {
      expect(section, `${kind} without ${field}`).toContain(`\`${field}\``);
    }
  }
});
