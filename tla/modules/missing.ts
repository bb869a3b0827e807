/**
 * What the community's libraries have and this engine has not: such a name is refused by name, never guessed at.
 *
 * A specification may bring its own copy of such a module, beside it or in a folder of --library.
 */

/** By module, the operators that are missing from it. docs/tla.md lists them too. */
export const missingOperators: Readonly<Record<string, readonly string[]>> = {
  TLC: ["JavaTime"],
  TLCExt: ["AssertError", "CounterExample", "PickSuccessor", "TLCDefer", "TLCEvalDefinition", "TLCFP", "ToTrace"],
  Randomization: ["RandomSubsetSet", "TestRandomSetOfSubsets"],
  IOUtils: [
    "Deserialize",
    "IODeserialize",
    "IOEnvExec",
    "IOEnvExecTemplate",
    "IOExec",
    "IOExecTemplate",
    "IOSerialize",
    "Serialize",
  ],
  Functions: ["SumFunction", "SumFunctionOnSet"],
  SequencesExt: [
    "FoldLeftDomain",
    "FoldRightDomain",
    "IndexFirstSubSeq",
    "Interleave",
    "IsSorted",
    "RemoveFirstMatch",
    "ReplaceAllSubSeqs",
    "ReplaceFirstSubSeq",
    "ReplaceSubSeqAt",
    "SelectInSubSeq",
    "SelectLastInSubSeq",
    "SeqMod",
    "SetToAllKPermutations",
    "ToBag",
  ],
  UndirectedGraphs: ["Path", "SimplePath", "UndirectedGraphs"],
  SVG: ["NodeOfRingNetwork", "NodesOfDirectedMultiGraph", "PointOnLine"],
};

/** Modules of the community that are missing as a whole. */
export const missingModules: readonly string[] = [
  "BagsExt",
  "CBOR",
  "CSV",
  "Combinatorics",
  "DifferentialEquations",
  "DyadicRationals",
  "GraphViz",
  "Graphs",
  "HTML",
  "Quorum",
  "Relation",
  "ShiViz",
  "Statistics",
  "Toolbox",
  "VectorClocks",
];

/** Where a missing operator belongs, as the end of a message; "" for a name that no library knows. */
export function whereMissing(name: string): string {
  const module = Object.keys(missingOperators).find((key) => missingOperators[key]!.includes(name));
  if (module === undefined) return "";
  return `: the library module ${module} has it, but not here (docs/tla.md lists what is there); define it in the specification`;
}
