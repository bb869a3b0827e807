/**
 * What the other layers of membership see of the overlay: a small set of neighbours, kept symmetric and watched.
 *
 * The views are HyParView's (Leitão, Pereira, Rodrigues, DSN 2007): the active view is the few nodes that this one
 * talks to and that its detector watches; the passive view is the larger reserve that replaces neighbours that died.
 */

export type NeighbourChange = { readonly kind: "up" | "down"; readonly peer: string };

export type Overlay = {
  readonly self: string;
  /** Sorted by code units; a new list after each change. */
  activeView(): readonly string[];
  /** Sorted by code units; a new list after each change. */
  passiveView(): readonly string[];
  /**
   * Called after each change of the active view, in the same event. Listeners are synchronous: they settle no
   * promise.
   */
  onChange(listener: (change: NeighbourChange) => void): void;
  /**
   * Asks this peer to become a neighbour with high priority: the probe that ends a partition. No-op for self and
   * neighbours.
   */
  recommend(peer: string): void;
  /** Pings this active neighbour at once, because a peer has evicted it: the cascading check. No-op for others. */
  checkNow(peer: string): void;
  /**
   * A node with a short active view that low-priority neighbour requests may prefer; without a source none is asked.
   */
  setShortViewSource(source: () => string | null): void;
  /** How many nodes there are, for detectors whose patience grows with the cluster; without a source: one. */
  setSizeSource(source: () => number): void;
};
