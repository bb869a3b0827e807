/**
 * The document order of a list: a B+ tree of runs, with the number of live elements below every node.
 *
 * A run is a stretch of elements that were inserted together and are still side by side. Finding the run at a position, the position of
 * a run, and which of two runs comes first all take O(log n). Runs know their leaf; leaves are linked.
 */

export type TreeNode<R> = {
  parent: TreeNode<R> | null;
  /** Live elements below. */
  live: number;
  /** Null in a leaf. */
  readonly children: TreeNode<R>[] | null;
  /** Empty in an inner node. */
  readonly runs: R[];
  next: TreeNode<R> | null;
  previous: TreeNode<R> | null;
};

export type TreeRun<R> = {
  length: number;
  isLive: boolean;
  /** Null while the run is in no tree. */
  leaf: TreeNode<R> | null;
};

export type Located<R> = { readonly run: R; readonly offset: number };

const FANOUT_MAX = 32;

export class RunTree<R extends TreeRun<R>> {
  // Invariants: all leaves have the same depth; a node's `live` is the sum below it; only a root leaf may be empty.
  #root: TreeNode<R> = makeNode<R>(null);
  #first: TreeNode<R> = this.#root;
  #last: TreeNode<R> = this.#root;

  /** The number of live elements. */
  get live(): number {
    return this.#root.live;
  }

  first(): R | null {
    return this.#first.runs[0] ?? null;
  }

  last(): R | null {
    return this.#last.runs.at(-1) ?? null;
  }

  next(run: R): R | null {
    const leaf = run.leaf!; // a run in the tree has a leaf
    return leaf.runs[leaf.runs.indexOf(run) + 1] ?? leaf.next?.runs[0] ?? null;
  }

  previous(run: R): R | null {
    const leaf = run.leaf!; // a run in the tree has a leaf
    const at = leaf.runs.indexOf(run);
    return at > 0 ? leaf.runs[at - 1]! : (leaf.previous?.runs.at(-1) ?? null);
  }

  /** Puts a run behind another, or first. */
  insertAfter(after: R | null, run: R): void {
    const leaf = after === null ? this.#first : after.leaf!; // `after` is in the tree
    const isLast = leaf.runs[leaf.runs.length - 1] === after; // loading in order appends
    const at = after === null ? 0 : isLast ? leaf.runs.length : leaf.runs.indexOf(after) + 1;
    if (at === leaf.runs.length) leaf.runs.push(run);
    else leaf.runs.splice(at, 0, run);
    run.leaf = leaf;
    if (run.isLive) addLive(leaf, run.length);
    if (leaf.runs.length > FANOUT_MAX) this.#splitLeaf(leaf, at === leaf.runs.length - 1);
  }

  remove(run: R): void {
    const leaf = run.leaf!; // a run in the tree has a leaf
    leaf.runs.splice(leaf.runs.indexOf(run), 1);
    run.leaf = null;
    if (run.isLive) addLive(leaf, -run.length);
    if (leaf.runs.length > 0) return;
    if (leaf.next === null && leaf.previous === null) this.#makeRoot(leaf);
    else this.#unlink(leaf);
  }

  /** Says that the run has gained (or lost) live elements; its own fields are the caller's. */
  changeLive(run: R, difference: number): void {
    addLive(run.leaf!, difference);
  }

  /** The live element at a position below `live`. */
  locate(position: number): Located<R> {
    let node = this.#root;
    let rest = position;
    while (node.children !== null) {
      let i = 0;
      while (rest >= node.children[i]!.live) rest -= node.children[i++]!.live; // rest < node.live
      node = node.children[i]!;
    }
    for (const run of node.runs) {
      if (!run.isLive) continue;
      if (rest < run.length) return { run, offset: rest };
      rest -= run.length;
    }
    throw new RangeError(`there is no live element at position ${position} of ${this.live}`);
  }

  /** The number of live elements before the run. */
  positionOf(run: R): number {
    let node = run.leaf!; // a run in the tree has a leaf
    let position = 0;
    for (const other of node.runs) {
      if (other === run) break;
      if (other.isLive) position += other.length;
    }
    while (node.parent !== null) {
      for (const child of node.parent.children!) {
        if (child === node) break;
        position += child.live;
      }
      node = node.parent;
    }
    return position;
  }

  /** Negative when `a` comes before `b`, 0 when they are the same run. */
  compare(a: R, b: R): number {
    let [left, right] = [a.leaf!, b.leaf!]; // both are in the tree
    if (left === right) return left.runs.indexOf(a) - left.runs.indexOf(b);
    while (left.parent !== right.parent) {
      left = left.parent!; // leaves have equal depths and one root
      right = right.parent!;
    }
    const siblings = left.parent!.children!;
    return siblings.indexOf(left) - siblings.indexOf(right);
  }

  /** The last run for which `isBefore` holds, given that it holds for a prefix of the runs; null when it holds for none. */
  lastBefore(isBefore: (run: R) => boolean): R | null {
    let node = this.#root;
    while (node.children !== null) {
      const children = node.children;
      node =
        children[
          Math.max(
            0,
            lastIndex(children.length, (i) => isBefore(firstRun(children[i]!))),
          )
        ]!;
    }
    const { runs } = node;
    return runs[lastIndex(runs.length, (i) => isBefore(runs[i]!))] ?? null;
  }

  *[Symbol.iterator](): Generator<R> {
    for (let leaf: TreeNode<R> | null = this.#first; leaf !== null; leaf = leaf.next) yield* leaf.runs;
  }

  /** Appends at the end keep the left leaf nearly full, so that a document loaded in order takes half the nodes. */
  #splitLeaf(leaf: TreeNode<R>, isAppend: boolean): void {
    const cut = isAppend ? FANOUT_MAX - 2 : leaf.runs.length >>> 1;
    const right = makeNode<R>(null);
    right.runs.push(...leaf.runs.splice(cut));
    for (const run of right.runs) {
      run.leaf = right;
      if (run.isLive) right.live += run.length;
    }
    right.next = leaf.next;
    right.previous = leaf;
    if (leaf.next !== null) leaf.next.previous = right;
    else this.#last = right;
    leaf.next = right;
    this.#attach(leaf, right);
  }

  /** Hangs a new right half, whose elements still count in `left`, under the parent of `left`. */
  #attach(left: TreeNode<R>, right: TreeNode<R>): void {
    left.live -= right.live;
    let parent = left.parent;
    if (parent === null) {
      parent = makeNode<R>([left]);
      parent.live = left.live + right.live;
      left.parent = parent;
      this.#root = parent;
    }
    const children = parent.children!; // parents are inner nodes
    right.parent = parent;
    children.splice(children.indexOf(left) + 1, 0, right);
    if (children.length <= FANOUT_MAX) return;
    const upper = makeNode<R>(children.splice(children.length >>> 1));
    for (const child of upper.children!) {
      child.parent = upper;
      upper.live += child.live;
    }
    this.#attach(parent, upper);
  }

  #unlink(leaf: TreeNode<R>): void {
    if (leaf.previous !== null) leaf.previous.next = leaf.next;
    else this.#first = leaf.next!; // a leaf with a parent is not the only one
    if (leaf.next !== null) leaf.next.previous = leaf.previous;
    else this.#last = leaf.previous!;
    let node = leaf;
    for (;;) {
      const parent = node.parent!; // the root keeps a child: some leaf is left
      parent.children!.splice(parent.children!.indexOf(node), 1);
      if (parent.children!.length > 0) break;
      node = parent;
    }
    while (this.#root.children?.length === 1) this.#makeRoot(this.#root.children[0]!);
  }

  #makeRoot(node: TreeNode<R>): void {
    node.parent = null;
    this.#root = node;
  }
}

function makeNode<R>(children: TreeNode<R>[] | null): TreeNode<R> {
  return { parent: null, live: 0, children, runs: [], next: null, previous: null };
}

function addLive<R>(leaf: TreeNode<R>, difference: number): void {
  for (let node: TreeNode<R> | null = leaf; node !== null; node = node.parent) node.live += difference;
}

function firstRun<R>(node: TreeNode<R>): R {
  let leaf = node;
  while (leaf.children !== null) leaf = leaf.children[0]!;
  return leaf.runs[0]!; // only a root leaf may be empty
}

/** The last index below `length` for which the monotone `holds` is true, or -1. */
function lastIndex(length: number, holds: (i: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
