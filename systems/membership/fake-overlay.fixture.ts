/** An overlay that does what a test says: each host looks every few milliseconds at who its neighbours should be. */
import type { Host } from "../../sim/host.ts";
import type { NeighbourChange, Overlay } from "./overlay/overlay.ts";

const LOOK_US = 5_000;

/** Who is whose neighbour, as the test wants it. */
export class Topology {
  readonly recommended: { readonly self: string; readonly peer: string }[] = [];
  readonly checked: { readonly self: string; readonly peer: string }[] = [];
  readonly #links: Set<string> = new Set();

  link(a: string, b: string): void {
    this.#links.add(`${a}>${b}`);
    this.#links.add(`${b}>${a}`);
  }

  /** One direction only: `a` has `b` in its view. */
  claim(a: string, b: string): void {
    this.#links.add(`${a}>${b}`);
  }

  unlink(a: string, b: string): void {
    this.#links.delete(`${a}>${b}`);
    this.#links.delete(`${b}>${a}`);
  }

  /** Takes a node out of everybody's view, and everybody out of its own. */
  isolate(node: string): void {
    for (const link of this.#links) if (link.split(">").includes(node)) this.#links.delete(link);
  }

  ring(names: readonly string[]): void {
    names.forEach((name, i) => {
      this.link(name, names[(i + 1) % names.length]!);
    });
  }

  neighboursOf(node: string): string[] {
    const own = [...this.#links].filter((link) => link.startsWith(`${node}>`));
    return own.map((link) => link.slice(node.length + 1)).sort();
  }

  overlayOf(host: Host): Overlay {
    let active = this.neighboursOf(host.name);
    const listeners: ((change: NeighbourChange) => void)[] = [];
    const change = (kind: "up" | "down", peer: string, next: string[]): void => {
      active = next;
      for (const listener of listeners) listener({ kind, peer });
    };
    const look = (): void => {
      const wanted = this.neighboursOf(host.name);
      for (const peer of active) {
        if (!wanted.includes(peer)) {
          change(
            "down",
            peer,
            active.filter((other) => other !== peer),
          );
        }
      }
      for (const peer of wanted) if (!active.includes(peer)) change("up", peer, [...active, peer].sort());
      host.timers.after(LOOK_US, look);
    };
    host.timers.after(LOOK_US, look);
    return {
      self: host.name,
      activeView: () => active,
      passiveView: () => [],
      onChange: (listener) => listeners.push(listener),
      recommend: (peer) => this.recommended.push({ self: host.name, peer }),
      checkNow: (peer) => this.checked.push({ self: host.name, peer }),
      setShortViewSource: () => {},
      setSizeSource: () => {},
    };
  }
}

export function namesUpTo(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `n${i + 1}`);
}
