/**
 * Recorded histories with known verdicts: for each file its format, model, options and what must come out.
 *
 * Porcupine's files are shipped as fixtures. The others (Knossos', the generated ones, AWDIT's) stay where they are: set
 * SEEDBED_HISTORIES to a folder that holds them. Used by tests and by the benchmark.
 */
import type { PlainJson } from "./history.ts";

export type HistoryRow = {
  /** Path under the folder of histories. */
  readonly file: string;
  readonly format: string;
  readonly model: string;
  readonly options: Readonly<Record<string, PlainJson>>;
  readonly verdict: "valid" | "invalid" | "unknown";
  /** Why the verdict is another than the one that is published. */
  readonly note?: string;
};

/** The etcd logs that are linearizable; porcupine_test.go says so. */
const ETCD_VALID: ReadonlySet<number> = new Set([
  2, 5, 7, 18, 25, 31, 38, 45, 48, 49, 51, 53, 56, 67, 75, 76, 80, 87, 92, 98, 100, 101, 102,
]);

export const PORCUPINE_ROWS: readonly HistoryRow[] = [
  ...Array.from({ length: 103 }, (_, i) => i)
    .filter((i) => i !== 95)
    .map((i) =>
      row(`porcupine/jepsen/etcd_${String(i).padStart(3, "0")}.log`, "jepsen-log", "cas-register", ETCD_VALID.has(i)),
    ),
  ...["c01", "c10", "c50"].flatMap((name) => [
    row(`porcupine/kv/${name}-ok.txt`, "porcupine-kv-edn", "kv-append", true),
    row(`porcupine/kv/${name}-bad.txt`, "porcupine-kv-edn", "kv-append", false),
  ]),
];

const KNOSSOS_GOOD = ["cas-register-bug", ...numbered("mongodb-v0-ack-rollback-", [0, 1, 2, 3, 4, 5, 7, 8])];
const KNOSSOS_BAD = [
  "bad-analysis",
  "cas-failure",
  "immediate-failure",
  "mongodb-v0-ack-rollback-6",
  "rethink-fail-minimal",
  "rethink-fail-smaller",
  "rethink-fail",
];

export const KNOSSOS_ROWS: readonly HistoryRow[] = [
  ...[...numbered("memstress3-", range(100)), ...KNOSSOS_GOOD].map((name) =>
    row(`knossos/cas-register/good/${name}.edn`, "jepsen-edn", "cas-register", true),
  ),
  {
    ...row("knossos/cas-register/good/mongodb-v0-ack-rollback-.edn", "jepsen-edn", "cas-register", true),
    verdict: "unknown",
    note: "published as good, but it holds events of the nemesis only: no client did anything that could be judged",
  },
  ...numbered("mongodb-v0-ack-rollback-", [9, 10, 11]).map((name) => ({
    ...row(`knossos/cas-register/good/${name}.edn`, "jepsen-edn", "cas-register", true),
    verdict: "unknown" as const,
    note: "published as good, but every operation of a client failed: nothing happened that could be judged",
  })),
  ...KNOSSOS_BAD.map((name) => row(`knossos/cas-register/bad/${name}.edn`, "jepsen-edn", "cas-register", false)),
  row("knossos/mutex/bad/etcd.edn", "jepsen-edn", "mutex", false),
  {
    ...row("knossos/multi-register/good/multi-register.edn", "jepsen-edn", "multi-register", true),
    options: { init: { x: 0, y: 0 } },
  },
  row("elle-cli/knossos/cas-register/good/memstress3-9.json", "jepsen-json", "cas-register", true),
  row("elle-cli/knossos/mutex/bad/etcd.json", "jepsen-json", "mutex", false),
];

export const GENERATED_ROWS: readonly HistoryRow[] = [
  ...["register", "cas-register"].flatMap((model) => [
    ...pairs([100, 1000, 10000], (n) => [5, 10, 25].map((c) => `${model}-n${n}-c${c}`)),
    ...pairs([1, 3], (crash) => [`${model}-n1000-c10-crash${crash}`]),
  ]),
  ...pairs([1, 3], (crash) => [`cas-register-n200-c10-crash${crash}`]),
  ...pairs([5, 10, 25], (c) => [`kv-n10000-c${c}-k20`]),
  ...pairs([5, 10, 25], (c) => [`counter-n1000-c${c}`]),
  ...pairs([100, 1000, 10000], (n) => [3, 5, 10].map((c) => `queue-n${n}-c${c}`)),
  ...pairs([100, 1000, 10000], (n) => [3, 5, 10].map((c) => `stack-n${n}-c${c}`)),
  ...pairs([5, 10, 25], (c) => [`set-n10000-c${c}-k50`]),
]
  // In two of the files the mutation turned out to be harmless; their names say so.
  .map((name) => name.replace(/^(set-n10000-c25-k50|stack-n100-c10)-bad$/, "$1-mut-ok"))
  .map((name) => row(`generated/${name}.jsonl`, "jsonl-ops", name.replace(/-n\d.*$/, ""), name.endsWith("ok")));

/** Elle's and elle-cli's, with the models, options and verdicts of their own tests. */
export const JEPSEN_ROWS: readonly HistoryRow[] = [
  row("elle/huge-scc.edn", "jepsen-edn", "list-append", false),
  row("elle/paper-example.edn", "jepsen-edn", "list-append", false),
  row("elle/si-without-g-single.edn", "jepsen-edn", "list-append", false),
  {
    ...row("elle/cyclic-versions.edn", "jepsen-edn", "rw-register", true),
    options: {
      "consistency-models": "strong-snapshot-isolation",
      "linearizable-keys": true,
      "initial-values": "fragment",
    },
  },
  row("elle-cli/elle/list-append-gh-30.edn", "jepsen-edn", "list-append", false),
  row("elle-cli/elle/paper-example.edn", "jepsen-edn", "list-append", false),
  row("elle-cli/elle/paper-example.json", "jepsen-json", "list-append", false),
  {
    ...row("elle-cli/elle/rw-register.edn", "jepsen-edn", "rw-register", false),
    note: "published as valid, but a process writes 2 and then reads 3, which can only be the value from before",
  },
  {
    ...row("elle-cli/elle/rw-register.json", "jepsen-json", "rw-register", false),
    note: "published as valid, but a process writes 2 and then reads 3, which can only be the value from before",
  },
  row("elle-cli/custom/comments.edn", "jepsen-edn", "comments", false),
  { ...row("elle-cli/jepsen/long-fork.edn", "jepsen-edn", "long-fork", false), options: { "group-size": 3 } },
  row("elle-cli/jepsen/bank.edn", "jepsen-edn", "bank", true),
  row("elle-cli/jepsen/bank.json", "jepsen-json", "bank", true),
  row("elle-cli/jepsen/bank-neg.edn", "jepsen-edn", "bank", true),
  row("elle-cli/jepsen/bank-negative-balances.json", "jepsen-json", "bank", false),
  row("elle-cli/jepsen/bank-tidb.edn", "jepsen-edn", "bank", false),
  row("elle-cli/jepsen/counter.edn", "jepsen-edn", "counter", true),
  row("elle-cli/jepsen/counter.edn", "jepsen-edn", "counter-bounds", true),
  row("elle-cli/jepsen/counter.json", "jepsen-json", "counter", true),
  row("elle-cli/jepsen/counter.json", "jepsen-json", "counter-bounds", true),
  row("elle-cli/jepsen/set.edn", "jepsen-edn", "set", true),
  row("elle-cli/jepsen/set.edn", "jepsen-edn", "final-set", true),
  row("elle-cli/jepsen/set.edn", "jepsen-edn", "set-full", true),
  row("elle-cli/jepsen/set_full.edn", "jepsen-edn", "set-full", false),
  row("elle-cli/jepsen/set_full.json", "jepsen-json", "set-full", false),
];

/** AWDIT's: the folder of a file is the strongest level that holds. */
const AWDIT_FILES: Readonly<Record<string, readonly string[]>> = {
  none: ["hb-cycle"],
  "read-committed": [
    "biswas-enea",
    "non-repeatable-read",
    "test-rc",
    ...generatedAwdit("4e10", "5e20", "6e30", "10e100", "100e1000"),
  ],
  "read-atomic": ["biswas-enea", "test-ra", ...generatedAwdit("4e10", "5e20", "6e30", "10e100", "100e1000")],
  causal: ["fully-ser", "long-fork", "lost-update", ...generatedAwdit("20e200", "50e1000", "100e1000")],
};
const LEVELS = ["read-committed", "read-atomic", "causal-consistency"] as const;

export const AWDIT_ROWS: readonly HistoryRow[] = Object.entries(AWDIT_FILES).flatMap(([folder, names], strongest) =>
  names.flatMap((name) =>
    LEVELS.map((level, i) => row(`awdit/tests/${folder}/${name}.txt`, "awdit-test", level, i < strongest)),
  ),
);

/** Those of the generated files on which porcupine gives no answer in five seconds. */
export const HARD_CAS_FILES: readonly string[] = [
  "cas-register-n100-c25-bad",
  "cas-register-n1000-c25-ok",
  "cas-register-n1000-c25-bad",
  "cas-register-n10000-c25-ok",
  "cas-register-n10000-c25-bad",
  "cas-register-n10000-c10-bad",
  "cas-register-n1000-c10-crash1-bad",
  "cas-register-n1000-c10-crash3-bad",
].map((name) => `generated/${name}.jsonl`);

function row(file: string, format: string, model: string, isValid: boolean): HistoryRow {
  return { file, format, model, options: {}, verdict: isValid ? "valid" : "invalid" };
}

function generatedAwdit(...sizes: readonly string[]): string[] {
  return sizes.map((size) => `generated/l${size}sqrt`);
}

function numbered(prefix: string, numbers: readonly number[]): string[] {
  return numbers.map((number) => `${prefix}${number}`);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function pairs(values: readonly number[], names: (value: number) => readonly string[]): string[] {
  return values.flatMap((value) => names(value).flatMap((name) => [`${name}-ok`, `${name}-bad`]));
}
