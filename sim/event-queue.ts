/**
 * The event queue: a binary heap on (timeUs, tie order, sequence) in typed arrays, with positions, so that a cancelled
 * event leaves it at once.
 *
 * The tie order is not stored but asked for when two times are equal, which is rare: it is a pure function of what the
 * event is, decided by the strategy of the run. When the strategy changes, `rebuild` restores the heap.
 */

/** Says where an event goes among those at the same time; smaller runs first, equal means by sequence. */
export type TieOrder = (tieKey: number, timeUs: number) => number;

/** What the queue keeps for an event; the queue owns these objects and uses them again. */
export type QueuedEvent<K, O> = {
  id: number;
  timeUs: number;
  tieKey: number;
  sequence: number;
  isSync: boolean;
  kind: K;
  owner: O;
  a: unknown;
  b: unknown;
};

const SLOTS_MAX = 1 << 22;

export class EventQueue<K, O> {
  #tieOrder: TieOrder;
  #size = 0;
  #sequence = 0;
  // By slot.
  #time: Float64Array;
  #seq: Float64Array;
  #tie: Int32Array;
  #sync: Uint8Array;
  #generation: Uint32Array;
  #position: Int32Array;
  #kind: (K | null)[] = [];
  #owner: (O | null)[] = [];
  #a: unknown[] = [];
  #b: unknown[] = [];
  #free: Int32Array;
  #freeCount = 0;
  #slotCount = 0;
  // By place in the heap: the slot. Invariant: #position[#heap[i]] === i.
  #heap: Int32Array;

  constructor(tieOrder: TieOrder, capacity = 1024) {
    this.#tieOrder = tieOrder;
    this.#time = new Float64Array(capacity);
    this.#seq = new Float64Array(capacity);
    this.#tie = new Int32Array(capacity);
    this.#sync = new Uint8Array(capacity);
    this.#generation = new Uint32Array(capacity);
    this.#position = new Int32Array(capacity);
    this.#free = new Int32Array(capacity);
    this.#heap = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The time of the next event; Infinity when there is none. */
  get nextTimeUs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#time[this.#heap[0] as number]!;
  }

  /** Adds an event and returns its id. Throws RangeError beyond four million pending events. */
  push(timeUs: number, tieKey: number, kind: K, owner: O, a: unknown, b: unknown, isSync: boolean): number {
    const slot = this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.#newSlot();
    this.#time[slot] = timeUs;
    this.#seq[slot] = this.#sequence++;
    this.#tie[slot] = tieKey;
    this.#sync[slot] = isSync ? 1 : 0;
    this.#kind[slot] = kind;
    this.#owner[slot] = owner;
    this.#a[slot] = a;
    this.#b[slot] = b;
    this.#up(this.#size++, slot);
    return this.#generation[slot]! * SLOTS_MAX + slot;
  }

  /** Takes the next event into `into`; false when there is none. */
  pop(into: QueuedEvent<K, O>): boolean {
    if (this.#size === 0) return false;
    const slot = this.#heap[0]!;
    into.id = this.#generation[slot]! * SLOTS_MAX + slot;
    into.timeUs = this.#time[slot]!;
    into.tieKey = this.#tie[slot]!;
    into.sequence = this.#seq[slot]!;
    into.isSync = this.#sync[slot] === 1;
    into.kind = this.#kind[slot] as K;
    into.owner = this.#owner[slot] as O;
    into.a = this.#a[slot];
    into.b = this.#b[slot];
    this.#removeAt(0);
    return true;
  }

  has(id: number): boolean {
    return this.#slotOf(id) >= 0;
  }

  /** Removes a pending event; false when it is not pending. */
  cancel(id: number): boolean {
    const slot = this.#slotOf(id);
    if (slot < 0) return false;
    this.#removeAt(this.#position[slot]!);
    return true;
  }

  /** Gives a pending event another time; it keeps its sequence. False when it is not pending. */
  move(id: number, timeUs: number): boolean {
    const slot = this.#slotOf(id);
    if (slot < 0) return false;
    this.#time[slot] = timeUs;
    this.#settle(this.#position[slot]!, slot);
    return true;
  }

  /** Restores the heap after the tie order has changed its mind. */
  rebuild(tieOrder: TieOrder): void {
    this.#tieOrder = tieOrder;
    for (let i = (this.#size >> 1) - 1; i >= 0; i--) this.#down(i, this.#heap[i]!);
  }

  #slotOf(id: number): number {
    const slot = id % SLOTS_MAX;
    const isPending = slot < this.#slotCount && this.#generation[slot] === Math.floor(id / SLOTS_MAX);
    return isPending && this.#position[slot]! >= 0 ? slot : -1;
  }

  #newSlot(): number {
    const slot = this.#slotCount++;
    if (slot >= SLOTS_MAX) throw new RangeError(`event queue: more than ${SLOTS_MAX} events are pending`);
    if (slot >= this.#time.length) this.#grow();
    this.#kind.push(null);
    this.#owner.push(null);
    this.#a.push(undefined);
    this.#b.push(undefined);
    return slot;
  }

  #grow(): void {
    const capacity = this.#time.length * 2;
    const wider = <T extends Float64Array | Int32Array | Uint32Array | Uint8Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#time = wider(this.#time, new Float64Array(capacity));
    this.#seq = wider(this.#seq, new Float64Array(capacity));
    this.#tie = wider(this.#tie, new Int32Array(capacity));
    this.#sync = wider(this.#sync, new Uint8Array(capacity));
    this.#generation = wider(this.#generation, new Uint32Array(capacity));
    this.#position = wider(this.#position, new Int32Array(capacity));
    this.#free = wider(this.#free, new Int32Array(capacity));
    this.#heap = wider(this.#heap, new Int32Array(capacity));
  }

  #removeAt(place: number): void {
    const slot = this.#heap[place]!;
    this.#position[slot] = -1;
    this.#generation[slot] = (this.#generation[slot]! + 1) & 0x7fffffff;
    // Payloads are dropped at once: a dead host's memory must not hang on a free slot.
    this.#kind[slot] = null;
    this.#owner[slot] = null;
    this.#a[slot] = undefined;
    this.#b[slot] = undefined;
    this.#free[this.#freeCount++] = slot;
    const last = this.#heap[--this.#size]!;
    if (last !== slot) this.#settle(place, last);
  }

  #isBefore(x: number, y: number): boolean {
    const tx = this.#time[x]!;
    const ty = this.#time[y]!;
    if (tx !== ty) return tx < ty;
    const kx = this.#tie[x]!;
    const ky = this.#tie[y]!;
    if (kx !== ky) {
      const ox = this.#tieOrder(kx, tx);
      const oy = this.#tieOrder(ky, tx);
      if (ox !== oy) return ox < oy;
    }
    return this.#seq[x]! < this.#seq[y]!;
  }

  #settle(place: number, slot: number): void {
    const parent = (place - 1) >> 1;
    if (place > 0 && this.#isBefore(slot, this.#heap[parent]!)) this.#up(place, slot);
    else this.#down(place, slot);
  }

  #up(from: number, slot: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const other = this.#heap[parent]!;
      if (!this.#isBefore(slot, other)) break;
      this.#heap[place] = other;
      this.#position[other] = place;
      place = parent;
    }
    this.#heap[place] = slot;
    this.#position[slot] = place;
  }

  #down(from: number, slot: number): void {
    let place = from;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child++;
      const other = this.#heap[child]!;
      if (!this.#isBefore(other, slot)) break;
      this.#heap[place] = other;
      this.#position[other] = place;
      place = child;
    }
    this.#heap[place] = slot;
    this.#position[slot] = place;
  }
}
