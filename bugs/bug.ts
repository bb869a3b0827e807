/** What the museum knows of one historic bug; its change of the present sources is bugs/patches/<id>.patch. */

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
