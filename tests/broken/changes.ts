/** Changes of a JSON document and of the bytes of a file, at random: what broken files are made of. */
import fc from "fast-check";

/** What stands in some file of ours in some place, and what stands in none. */
const LIKELY: readonly unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  0.5,
  2 ** 31,
  Number.MAX_SAFE_INTEGER,
  1e300,
  "",
  " ",
  "1",
  "own",
  "held",
  "failed",
  "unknown",
  "n1",
  "0000000000000000",
  "..",
  "/",
  "a\u0000b",
  "\ud800",
  "x".repeat(5_000),
  "own.scenario.mjs",
  "results",
  "results/repro.json",
  "results/",
  "__proto__",
  "constructor",
  [],
  [[]],
  [null],
  ["x"],
  {},
  { format: 1, faults: [] },
  { format: 1, faults: [{ kind: "pause", hosts: ["n1"], atUs: 650_000, forUs: 9 }] },
  { format: 1, faults: [{ kind: "pause", hosts: ["n1"], atUs: 9_000_000_000, forUs: 9 }] },
  { at: "net/n1>n2#0:1", bits: 7 },
  { atEvent: 3, seed: "other" },
  { process: 0, afterUs: 0, f: "read", value: null },
];

const FIELDS = ["stray", "seed", "plan", "format", "bug", "isValidated", "note", "key", "__proto__", "toString"];

export type JsonChange = {
  /** Which of the places of the document, counted in order. */
  readonly place: number;
  readonly how: "drop" | "replace" | "stray" | "wrap" | "double" | "first";
  readonly field: string;
  readonly value: unknown;
};

export const jsonChange: fc.Arbitrary<JsonChange> = fc.record({
  place: fc.nat(),
  how: fc.constantFrom("drop", "replace", "replace", "stray", "wrap", "double", "first"),
  field: fc.constantFrom(...FIELDS),
  value: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...LIKELY) }, { weight: 1, arbitrary: fc.jsonValue() }),
});

type Path = readonly string[];

/** Places of the outer levels are as many as those of the inner ones, so that a long list does not hide what stands beside it. */
function placesOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const entries = Object.entries(value);
  const shown = Array.isArray(value) ? entries.slice(0, 2) : entries;
  return [path, ...shown.flatMap(([name, inner]) => placesOf(inner, [...path, name]))];
}

/** The document with one thing changed; undefined where nothing of it is left. */
export function changedJson(document: unknown, { place, how, field, value }: JsonChange): unknown {
  const places = placesOf(document);
  return edited(document, places[place % places.length]!, (before) => {
    if (how === "drop") return undefined;
    if (how === "replace") return value;
    if (how === "wrap") return [before];
    if (how === "first") return Object.values((before ?? {}) as object)[0];
    if (Array.isArray(before)) return how === "double" ? [...before, ...before.slice(0, 1)] : [value, ...before];
    if (typeof before !== "object" || before === null) return value;
    return Object.fromEntries([...Object.entries(before), [field, value]]);
  });
}

function edited(value: unknown, [name, ...rest]: Path, change: (before: unknown) => unknown): unknown {
  if (name === undefined) return change(value);
  if (Array.isArray(value))
    return value.flatMap((item, i) => {
      if (String(i) !== name) return [item];
      const after = edited(item, rest, change);
      return after === undefined ? [] : [after];
    });
  const entries = Object.entries(value as object).map(([key, inner]) => [
    key,
    key === name ? edited(inner, rest, change) : inner,
  ]);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

export type Damage =
  | { readonly how: "cut" | "flip" | "latin" | "zero"; readonly at: number; readonly by: number }
  | { readonly how: "mark" | "wide" | "carriage" | "comment" | "twice" | "comma" | "deep" | "empty" | "indented" };

export const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    how: fc.constantFrom("cut" as const, "flip" as const, "latin" as const, "zero" as const),
    at: fc.nat(),
    by: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({
    how: fc.constantFrom(
      "mark" as const,
      "wide" as const,
      "carriage" as const,
      "comment" as const,
      "twice" as const,
      "comma" as const,
      "deep" as const,
      "empty" as const,
      "indented" as const,
    ),
  }),
);

/** The bytes of a text with one thing wrong, as editors, shells, transfers and disks leave them. */
export function damaged(text: string, damage: Damage): Buffer {
  const bytes = Buffer.from(text, "utf8");
  switch (damage.how) {
    case "cut":
      return bytes.subarray(0, damage.at % (bytes.length + 1));
    case "flip":
      if (bytes.length > 0) bytes[damage.at % bytes.length]! ^= damage.by;
      return bytes;
    case "zero":
      return Buffer.concat([bytes.subarray(0, damage.at % (bytes.length + 1)), Buffer.alloc(damage.by)]);
    case "latin": {
      const quote = bytes.indexOf('"', damage.at % (bytes.length + 1)) + 1;
      return Buffer.concat([bytes.subarray(0, quote), Buffer.from([0xe9]), bytes.subarray(quote)]);
    }
    case "mark":
      return Buffer.from(`\uFEFF${text}`, "utf8");
    case "wide":
      return Buffer.from(`\uFEFF${text}`, "utf16le");
    case "carriage":
      return Buffer.from(text.replace(/\n/g, "\r\n"), "utf8");
    case "comment":
      return Buffer.from(`// kept since the 3rd\n${text}`, "utf8");
    case "twice":
      return Buffer.concat([bytes, bytes]);
    case "comma":
      return Buffer.from(text.replace(/\}\s*$/, ",}"), "utf8");
    case "deep":
      return Buffer.from(text.replace(/:\s*null/, `:${"[".repeat(5_000)}${"]".repeat(5_000)}`), "utf8");
    case "empty":
      return Buffer.alloc(0);
    case "indented":
      return Buffer.from(indented(text), "utf8");
  }
}

function indented(text: string): string {
  try {
    return `${JSON.stringify(JSON.parse(text), null, 2)}\n`;
  } catch {
    return text;
  }
}
