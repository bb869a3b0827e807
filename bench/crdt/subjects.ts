/** Everything that is measured, by name: what a process that measures memory looks its library up in. */
import {
  AUTOMERGE_MAP,
  AUTOMERGE_SET,
  automergeCounters,
  OUR_COUNTER_MAPS,
  OUR_COUNTERS,
  OUR_MAPS,
  OUR_SETS,
  YJS_MAP,
  YJS_SET,
} from "./keyed-libraries.ts";
import { AUTOMERGE, OURS, YJS } from "./text-libraries.ts";

/** The keys of the map of counters. */
export const COUNTERS = 100;

type Loader = {
  readonly name: string;
  create(count: number): { save(): Uint8Array }[];
  load(bytes: Uint8Array): unknown;
};

export const SUBJECTS: readonly { readonly name: string; readonly libraries: readonly Loader[] }[] = [
  { name: "text", libraries: [...OURS, YJS, AUTOMERGE] },
  { name: "maps", libraries: [...OUR_MAPS, YJS_MAP, AUTOMERGE_MAP] },
  { name: "sets", libraries: [...OUR_SETS, YJS_SET, AUTOMERGE_SET] },
  { name: "counters", libraries: [...OUR_COUNTERS, automergeCounters(1)] },
  { name: "counters in a map", libraries: [...OUR_COUNTER_MAPS, automergeCounters(COUNTERS)] },
];
