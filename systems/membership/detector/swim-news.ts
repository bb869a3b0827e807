/**
 * What one node knows of others and passes on: SWIM's order of news, and news that rides on other messages.
 *
 * Das, Gupta, Motivala: SWIM (DSN 2002), sections 4.1 and 4.2. A higher incarnation overrides a lower one; in the
 * same incarnation dead overrides suspect, and suspect overrides alive. Only the node itself raises its incarnation.
 * Unlike in the paper, dead is not final: a node that comes back has a higher incarnation.
 */
import type { Condition, News } from "./swim-message.ts";

const RANK: { readonly [condition in Condition]: number } = { alive: 0, suspect: 1, dead: 2 };

export type NewsOptions = { readonly newsMax: number; readonly recordsMax: number };

export class NewsBoard {
  readonly #options: NewsOptions;
  /** The newest of each node, the longest unchanged first. */
  readonly #records: Map<string, News> = new Map();
  /** News on its way, with how often it shall still be told; what was told least stands first. */
  readonly #queue: Map<string, { readonly news: News; left: number }> = new Map();

  constructor(options: NewsOptions) {
    this.#options = options;
  }

  recordOf(node: string): News | undefined {
    return this.#records.get(node);
  }

  /** Whether this overrides what is known. */
  isNewer({ node, condition, incarnation }: News): boolean {
    const known = this.#records.get(node);
    if (known === undefined) return true;
    if (incarnation !== known.incarnation) return incarnation > known.incarnation;
    return RANK[condition] > RANK[known.condition];
  }

  /** Keeps the news as the newest of its node, and passes it on `times` times, if any. */
  keep(news: News, times: number): void {
    this.#records.delete(news.node);
    this.#records.set(news.node, news);
    if (times > 0) this.spread(news, times);
    if (this.#records.size <= this.#options.recordsMax) return;
    for (const node of this.#records.keys()) {
      this.#records.delete(node);
      break;
    }
  }

  /** Passes it on from now on, instead of older news of the node. */
  spread(news: News, times: number): void {
    this.#queue.delete(news.node);
    this.#queue.set(news.node, { news, left: times });
  }

  /** News for one message to `peer`: first what concerns the peer itself, because only the peer can refute it. */
  take(peer: string): readonly News[] {
    if (this.#queue.size === 0) return NONE;
    const taken: News[] = [];
    const own = this.#queue.get(peer);
    if (own !== undefined) taken.push(this.#tell(peer, own));
    // What is told goes to the end of the queue: the nodes are chosen before the first is told.
    const others: string[] = [];
    for (const node of this.#queue.keys()) {
      if (taken.length + others.length >= this.#options.newsMax) break;
      if (node !== peer) others.push(node);
    }
    for (const node of others) taken.push(this.#tell(node, this.#queue.get(node)!)); // just found there
    return taken;
  }

  #tell(node: string, entry: { readonly news: News; left: number }): News {
    this.#queue.delete(node);
    entry.left -= 1;
    if (entry.left > 0) this.#queue.set(node, entry);
    return entry.news;
  }
}

const NONE: readonly News[] = [];
