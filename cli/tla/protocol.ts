/** What the command and the thread that runs the engine say to each other: plain data only. */
import type { ActionCoverage, Progress, ViolationKind } from "../../tla/index.ts";

export type CheckMode = {
  readonly kind: "check";
  readonly order: "breadth" | "depth";
  readonly continueAfterViolation: boolean;
  readonly distinctMax: number | undefined;
  readonly generatedMax: number | undefined;
  readonly depthMax: number | undefined;
  readonly memoryBytesMax: number;
};
export type SimulateMode = {
  readonly kind: "simulate";
  readonly walks: number;
  readonly depthMax: number;
  readonly seed: number;
};
export type Job = {
  readonly spec: string;
  readonly folders: readonly string[];
  readonly config: string;
  readonly configName: string;
  readonly mode: CheckMode | SimulateMode;
  readonly timeLimitMs: number | undefined;
  /** One Int32: 1 once the user asked to stop. */
  readonly stop: SharedArrayBuffer;
};

export type Place = { readonly module: string; readonly line: number; readonly column: number };
export type ToldViolation = {
  readonly kind: ViolationKind;
  readonly name: string;
  readonly message: string;
  readonly place: Place | undefined;
  /** How often it was found; more than once only with --continue. */
  readonly count: number;
  /** The behaviour as TLC prints it. */
  readonly trace: string | undefined;
  /** Its number of states. */
  readonly states: number | undefined;
  readonly itf: unknown;
};
/** What is checked under which constants: a verdict means nothing without them. */
export type Scope = {
  readonly constants: readonly string[];
  readonly checks: readonly string[];
};
export type Told = {
  readonly verdict: "held" | "failed" | "unknown";
  readonly distinct: number | null;
  readonly total: number;
  readonly depth: number;
  readonly walks: number | undefined;
  readonly notChecked: readonly string[];
  /** What a reader should know, and is no error. */
  readonly warnings: readonly string[];
  readonly stopped: string | undefined;
  readonly violations: readonly ToldViolation[];
  readonly coverage: readonly ActionCoverage[];
  readonly scope: Scope;
};

export type FromEngine =
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "print"; readonly text: string }
  | { readonly type: "done"; readonly told: Omit<Told, "scope"> }
  /** The specification or configuration cannot be read, parsed or resolved. */
  | { readonly type: "unusable"; readonly message: string };

export const INTERRUPTED = "interrupted";
