/**
 * The store of a campaign: what was asked, one checked line for each run as it comes, and a folder for each failure.
 *
 * A line is the CRC-32 of the JSON's UTF-8 bytes as eight hexadecimal digits, a space, the JSON. A torn last line, as a crash leaves it,
 * is dropped with a notice; damage anywhere else is an error, because results must not vanish in silence.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { crc32 } from "node:zlib";
import { UsageError } from "./errors.ts";
import type { FaultCounts, OperationCounts, PropertyResult, RunVerdict } from "./result.ts";
import type { ValidationResult } from "./validation.ts";

/** What a line of results.jsonl holds. */
export type RunLine = {
  readonly scenario: string;
  readonly seed: string;
  readonly verdict: RunVerdict;
  readonly digest: string | null;
  readonly events: number;
  readonly virtualUs: number;
  readonly wallMs: number;
  readonly operations: OperationCounts;
  readonly faults: FaultCounts;
  /** How many faults the plan has, and how many of them never struck, by reason; absent in results of earlier versions. */
  readonly planned?: number;
  readonly unstruck?: { readonly [code: string]: number };
  readonly counts: { readonly [name: string]: number };
  readonly sometimes: { readonly [name: string]: boolean };
  readonly marks: { readonly [name: string]: number };
  /** Properties that are not valid. */
  readonly properties: readonly PropertyResult[];
  /** Only where the run was validated against its specification. */
  readonly specification?: ValidationResult;
  /** From corpus/: counted apart. */
  readonly isCorpus: boolean;
  readonly repro: string | null;
  /** Whether the run was executed again, and what came of it. */
  readonly determinism?: "same" | "differed";
  readonly reason?: string;
};

export function formatLine(line: unknown): string {
  const json = JSON.stringify(line);
  return `${checksum(json)} ${json}\n`;
}

function checksum(json: string): string {
  return (crc32(Buffer.from(json, "utf8")) >>> 0).toString(16).padStart(8, "0");
}

/** Reads the lines of a results file. `notice` is called for a torn last line. Throws UsageError for damage before it. */
export function readLines(file: string, notice: (message: string) => void): { lines: RunLine[]; bytes: number } {
  const text = fs.existsSync(file) ? fs.readFileSync(file) : Buffer.alloc(0);
  const lines: RunLine[] = [];
  let start = 0;
  let number = 0;
  while (start < text.length) {
    number++;
    const end = text.indexOf(10, start);
    const raw = text.subarray(start, end < 0 ? text.length : end).toString("utf8");
    const json = raw.slice(9);
    const isWhole = end >= 0 && raw[8] === " " && checksum(json) === raw.slice(0, 8);
    if (!isWhole) {
      if (end >= 0 && end + 1 < text.length) {
        throw new UsageError(
          `${file}: line ${number} is damaged (its CRC-32 does not fit). Remove that line to go on without its result.`,
        );
      }
      notice(`${file}: the last line is torn and was dropped; its run is done again.`);
      break;
    }
    lines.push(JSON.parse(json) as RunLine);
    start = end + 1;
  }
  return { lines, bytes: start };
}

export class Store {
  readonly folder: string;
  readonly #file: number;

  private constructor(folder: string, file: number) {
    this.folder = folder;
    this.#file = file;
  }

  /** Makes the folder of a new campaign. Throws UsageError when it cannot be written, or holds a campaign already. */
  static create(folder: string, campaign: unknown): Store {
    if (fs.existsSync(path.join(folder, "campaign.json"))) {
      throw new UsageError(
        `${folder} holds a campaign already. Go on with it by --resume ${folder}, or choose another --out.`,
      );
    }
    return usable(folder, () => {
      makeFolder(folder);
      writeWhole(path.join(folder, "campaign.json"), `${JSON.stringify(campaign, null, 2)}\n`);
      return new Store(folder, fs.openSync(path.join(folder, "results.jsonl"), "a"));
    });
  }

  /** Opens a campaign that was interrupted, with what it has. */
  static resume(
    folder: string,
    notice: (message: string) => void,
  ): { store: Store; campaign: unknown; lines: RunLine[] } {
    const config = path.join(folder, "campaign.json");
    if (!fs.existsSync(config))
      throw new UsageError(`${folder} holds no campaign (there is no campaign.json), so it cannot be resumed.`);
    const results = path.join(folder, "results.jsonl");
    const { lines, bytes } = readLines(results, notice);
    return usable(folder, () => {
      if (fs.existsSync(results)) fs.truncateSync(results, bytes);
      const store = new Store(folder, fs.openSync(results, "a"));
      return { store, campaign: parseCampaign(config), lines };
    });
  }

  /** Appends one result. Throws what the file system says: the campaign then stops and keeps what is there. */
  append(line: RunLine): void {
    fs.writeFileSync(this.#file, formatLine(line)); // unlike writeSync it writes all or throws
  }

  /** Writes the files of one failure and returns the path of its folder. */
  writeFailure(scenario: string, seed: string, files: { readonly [name: string]: string }): string {
    const folder = this.failureFolder(scenario, seed);
    makeFolder(folder);
    for (const [name, text] of Object.entries(files)) writeWhole(path.join(folder, name), text);
    return folder;
  }

  failureFolder(scenario: string, seed: string): string {
    return path.join(this.folder, "failures", `${scenario}-${encodeURIComponent(seed)}`);
  }

  writeFile(name: string, text: string): void {
    writeWhole(path.join(this.folder, name), text);
  }

  close(): void {
    fs.fsyncSync(this.#file);
    fs.closeSync(this.#file);
  }
}

/** With its parents. Not by mkdir's `recursive`, which never returns on some file systems that refuse (/proc on Node 20). */
function makeFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  if (path.dirname(folder) !== folder) makeFolder(path.dirname(folder));
  fs.mkdirSync(folder);
}

function parseCampaign(file: string): unknown {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    throw new UsageError(`${file} is no JSON, so this campaign cannot be resumed.`);
  }
}

/** Temporary file, sync, rename: a reader sees the old file or the whole new one. */
function writeWhole(file: string, text: string): void {
  const temporary = `${file}.part`;
  const descriptor = fs.openSync(temporary, "w");
  try {
    fs.writeFileSync(descriptor, text); // unlike writeSync it writes all or throws
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
  fs.renameSync(temporary, file);
}

function usable<T>(folder: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    throw new UsageError(
      `${folder} cannot be used for the results (${code}). Choose a folder that can be written with --out.`,
    );
  }
}

/** The folder for a new campaign under .seedbed/runs, and the `latest` link to it. */
export function newRunFolder(root: string, id: string, now: Date): string {
  const stamp = now
    .toISOString()
    .replace(/[-:]/g, "")
    .replace(/\.\d+Z$/, "Z");
  return path.join(root, ".seedbed", "runs", `${stamp}-${id}`);
}

/** Points .seedbed/runs/latest at the folder: a symbolic link, or a text file where links are refused. */
export function linkLatest(folder: string): void {
  const latest = path.join(path.dirname(folder), "latest");
  fs.rmSync(latest, { force: true });
  try {
    fs.symlinkSync(path.basename(folder), latest);
  } catch {
    fs.writeFileSync(latest, `${path.basename(folder)}\n`);
  }
}
