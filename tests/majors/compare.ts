/** Compares what several builds of Node, or numbers of workers, made of the same seeds. */

/** The digests of one campaign by "scenario seed"; null: the process was killed. */
export type Column = { readonly name: string; readonly digests: ReadonlyMap<string, string | null> };

export type Difference = {
  readonly run: string;
  /** What each column has, in order: a digest, "killed", or "absent". */
  readonly found: readonly string[];
};

/** Runs on which the columns do not all have the same digest. A run that a column lacks, or that was killed, is a difference too. */
export function differences(columns: readonly Column[]): Difference[] {
  const runs = new Set(columns.flatMap(({ digests }) => [...digests.keys()]));
  return [...runs]
    .map((run) => ({ run, found: columns.map(({ digests }) => told(digests.get(run))) }))
    .filter(({ found }) => found.some((digest) => digest !== found[0] || !/^[0-9a-f]{16}$/.test(digest)));
}

function told(digest: string | null | undefined): string {
  return digest === undefined ? "absent" : (digest ?? "killed");
}
