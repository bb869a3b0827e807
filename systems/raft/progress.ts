/**
 * What a leader knows of one follower, and the window of messages under way to it.
 *
 * probe      one message at a time, to find where the logs agree
 * replicate  messages are sent ahead of their replies, up to inflightMax (thesis, section 10.2.1)
 * snapshot   the log no longer reaches back far enough; chunks of a snapshot go out one by one
 */
import type { NodeId, Snapshot } from "./message.ts";

export type ProgressState = "probe" | "replicate" | "snapshot";

export class Progress {
  readonly id: NodeId;
  // Invariant: match < next. The follower durably holds the leader's log up to match; it never decreases in a term.
  match = 0;
  next: number;
  state: ProgressState = "probe";
  /** Heard from since the last check for a quorum. */
  isRecentlyActive = true;
  /** The highest confirmation round that this follower answered. */
  ackedRound = 0;
  /** The snapshot under way, its chunk in question, and whether that chunk was sent and not yet answered. */
  snapshot: Snapshot | null = null;
  snapshotOffset = 0;
  #isProbeOut = false;
  /** Monotonic time of the last sign of progress; what has been under way for long after it is taken as lost. */
  #progressUs: number;
  /** Last index of each message under way, in order. */
  readonly #inflight: number[] = [];
  readonly #inflightMax: number;

  constructor(id: NodeId, next: number, inflightMax: number, nowUs: number) {
    this.id = id;
    this.next = next;
    this.#inflightMax = inflightMax;
    this.#progressUs = nowUs;
  }

  /** Nothing more can be sent before a reply, or before a retry frees the window. */
  isPaused(): boolean {
    return this.state === "replicate" ? this.#inflight.length >= this.#inflightMax : this.#isProbeOut;
  }

  /** A message with entries up to lastIndex went out (or an empty probe, lastIndex = next - 1). */
  sent(lastIndex: number, nowUs: number): void {
    if (this.state !== "replicate") {
      this.#isProbeOut = true;
      this.#progressUs = nowUs;
      return;
    }
    if (lastIndex < this.next) return;
    if (this.#inflight.length === 0) this.#progressUs = nowUs;
    this.#inflight.push(lastIndex);
    this.next = lastIndex + 1;
  }

  /** The follower holds everything up to `index`. Returns true when that is news. */
  acknowledge(index: number, nowUs: number): boolean {
    const isNews = index > this.match;
    if (isNews) this.match = index;
    if (this.next <= index) this.next = index + 1;
    while (this.#inflight.length > 0 && this.#inflight[0]! <= index) this.#inflight.shift();
    this.#progressUs = nowUs;
    const isSnapshotCovered = this.snapshot !== null && index >= this.snapshot.index;
    if (this.state === "probe" || isSnapshotCovered) {
      this.#enter("replicate");
      this.next = this.match + 1;
    }
    return isNews;
  }

  /** Starts over from `next`, one message at a time. */
  backTrack(next: number): void {
    this.next = Math.max(next, this.match + 1);
    this.#enter("probe");
  }

  startSnapshot(snapshot: Snapshot): void {
    this.#enter("snapshot");
    this.snapshot = snapshot;
    this.snapshotOffset = 0;
  }

  /** The follower wants the chunk at `offset` next. */
  snapshotProgressed(offset: number, nowUs: number): void {
    this.snapshotOffset = offset;
    // After the last chunk the follower's acknowledgement of the installed snapshot is what is awaited.
    this.#isProbeOut = this.snapshot !== null && offset >= this.snapshot.data.length;
    this.#progressUs = nowUs;
  }

  /** True when messages were sent and nothing moved for `patienceUs`: they, or their replies, were lost. */
  isStalled(nowUs: number, patienceUs: number): boolean {
    const hasSent = this.state === "replicate" ? this.#inflight.length > 0 : this.#isProbeOut;
    return hasSent && nowUs - this.#progressUs >= patienceUs;
  }

  /** Forgets what is under way, so that it is sent again. */
  retry(): void {
    if (this.state === "replicate") this.backTrack(this.match + 1);
    this.#isProbeOut = false;
    // The whole snapshot went out, but its acknowledgement is missing: the first chunk asks for it again.
    if (this.snapshot !== null && this.snapshotOffset >= this.snapshot.data.length) this.snapshotOffset = 0;
  }

  #enter(state: ProgressState): void {
    this.state = state;
    this.snapshot = null;
    this.#isProbeOut = false;
    this.#inflight.length = 0;
  }
}
