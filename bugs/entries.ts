/** The museum: historic bugs of real systems, each as a small patch on the present sources (bugs/patches/<id>.patch). */

export type Difficulty = "easy" | "medium" | "hard";

export type Bug = {
  readonly id: string;
  readonly title: string;
  /** Where it happened. */
  readonly source: string;
  /** What goes wrong, step by step. */
  readonly mechanism: string;
  /** What it violates. */
  readonly invariant: string;
  /** The scenario whose campaign must find it. */
  readonly scenario: string;
  /** Settings held for the search, where the bug lives in one shape of cluster only. */
  readonly settings?: { readonly [name: string]: string };
  /** Names of the properties that may fire; any other one is a surprise worth a look. */
  readonly checks: readonly string[];
  readonly difficulty: Difficulty;
};

const MONITORS_OF_LOGS = [
  "state-machine-safety",
  "leader-completeness",
  "log-matching",
  "linearizable",
  "durable-writes",
];

export const BUGS: readonly Bug[] = [];
