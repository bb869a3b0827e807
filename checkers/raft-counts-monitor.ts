/**
 * Watches what members of a Raft group count: votes, acknowledgements, and answers to the rounds of heartbeats that confirm reads.
 *
 * Each of them was said, to who counts it, in the term in which it is counted. What a message of an earlier term is taken for does no harm
 * until several coincide; the miscount itself can be seen at once.
 */

/** One atomic step of a node: the fields of "raft.step" that this is about. */
export type RaftCountedStep = {
  readonly host: string;
  readonly node: number;
  readonly name: string;
  /** Of what is said: to whom, and up to where. Of what is counted: from whom, and up to where. */
  readonly args: readonly number[];
  readonly term: number;
};

const SAID_AS: { readonly [counted: string]: string } = {
  "count-vote": "send-vote",
  "receive-ack": "send-ack",
  "count-round": "answer-round",
};

const SAID: ReadonlySet<string> = new Set(Object.values(SAID_AS));
const VIOLATIONS_MAX = 50;

export class RaftCountsMonitor {
  /** One sentence each. */
  readonly violations: string[] = [];
  /** The most that was said, by what, term, sender and receiver. */
  readonly #said: Map<string, number> = new Map();

  /** In the order of the steps. */
  observe({ host, node, name, args, term }: RaftCountedStep): void {
    const [other = 0, upTo = 0] = args;
    if (SAID.has(name)) {
      const key = `${name} ${term} ${node} ${other}`;
      this.#said.set(key, Math.max(upTo, this.#said.get(key) ?? 0));
      return;
    }
    const saidAs = SAID_AS[name];
    if (saidAs === undefined || this.violations.length >= VIOLATIONS_MAX) return;
    const most = this.#said.get(`${saidAs} ${term} ${other} ${node}`);
    if (most !== undefined && upTo <= most) return;
    const what = upTo === 0 ? name : `${name} ${upTo}`;
    const found = most === undefined ? "nothing of the kind" : `${most} at most`;
    this.violations.push(
      `${host} did ${what} of node ${other} in term ${term}; that node had said ${found} to it in this term.`,
    );
  }
}
