/** All modules the engine brings along. A specification's own file of the same name is used only for the community's. */
import { arithmeticModules } from "./arithmetic.ts";
import { collectionModules, collectionNatives } from "./collections.ts";
import type { BuiltinModule, Native } from "./native.ts";
import { libraryTexts } from "./texts.ts";
import { tlcModules } from "./tlc.ts";

/** Which natives a library module gets beside its TLA+ text. */
const nativesOf: Readonly<Record<string, readonly string[]>> = {
  Functions: ["FoldFunction", "FoldFunctionOnSet"],
  FiniteSetsExt: ["FoldSet"],
  SVG: ["SVGElemToString"],
  SequencesExt: ["FoldSeq", "FoldLeft", "FoldRight", "SetToSeq", "SetToSortSeq"],
};

function pick(names: readonly string[]): Record<string, Native> {
  return Object.fromEntries(names.map((name) => [name, collectionNatives[name]!]));
}

/** The language's own modules, which a file of the same name cannot replace. */
export const standardModules: ReadonlySet<string> = new Set([
  "Naturals",
  "Integers",
  "Reals",
  "Sequences",
  "FiniteSets",
  "Bags",
  "TLC",
  "TLCExt",
  "Json",
  "Randomization",
  "TLAPS",
]);

export const builtinModules: ReadonlyMap<string, BuiltinModule> = new Map([
  ...Object.entries(arithmeticModules),
  ...Object.entries(collectionModules),
  ...Object.entries(tlcModules),
  ...Object.entries(libraryTexts).map(
    ([name, text]) => [name, { natives: pick(nativesOf[name] ?? []), text }] as const,
  ),
]);
