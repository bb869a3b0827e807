/** The store of a campaign: what was asked, one checked line for each run as it comes (run-line.ts), and a folder for each failure. */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { demandDocument, parseJson, readTextFile } from "./document.ts";
import { UsageError } from "./errors.ts";
import { lockFolder } from "./lock.ts";
import { formatLine, type RunLine, readLines } from "./run-line.ts";

export { formatLine, type RunLine, readLines } from "./run-line.ts";

/** Names of folders have at most 255 bytes on most file systems; a scenario's name and a suffix stand beside the seed. */
const SEED_NAME_MAX = 120;

/** What the file system refused: told with its path, exit code 70, and what was written before is kept. */
export class StoreError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StoreError";
  }
}

export class Store {
  readonly folder: string;
  readonly #file: number;
  readonly #unlock: () => void;

  private constructor(folder: string, file: number, unlock: () => void) {
    this.folder = folder;
    this.#file = file;
    this.#unlock = unlock;
  }

  /** Makes the folder of a new campaign. Throws UsageError when it cannot be written, or holds a campaign already. */
  static create(folder: string, campaign: unknown): Store {
    const refuse = (): void => {
      if (!fs.existsSync(path.join(folder, "campaign.json"))) return;
      throw new UsageError(
        `${folder} holds a campaign already. Go on with it by --resume ${folder}, or choose another --out.`,
      );
    };
    refuse();
    return usable(folder, () => {
      makeFolder(folder);
      return locked(folder, (unlock) => {
        refuse();
        writeWhole(path.join(folder, "campaign.json"), `${JSON.stringify(campaign, null, 2)}\n`);
        return new Store(folder, fs.openSync(path.join(folder, "results.jsonl"), "a"), unlock);
      });
    });
  }

  /**
   * Opens a campaign that was interrupted, with what it has. Throws UsageError, also while another process is at it. `demand` may refuse what was
   * read by throwing: nothing is changed before it returns.
   */
  static resume(
    folder: string,
    notice: (message: string) => void,
    demand: (campaign: StoredCampaign, lines: readonly RunLine[]) => void = () => {},
  ): { store: Store; campaign: StoredCampaign; lines: RunLine[] } {
    campaignIn(folder);
    return usable(folder, () =>
      locked(folder, (unlock) => {
        const campaign = campaignIn(folder);
        const results = path.join(folder, "results.jsonl");
        const { lines, bytes } = readLines(results, notice);
        demand(campaign, lines);
        if (fs.existsSync(results)) fs.truncateSync(results, bytes);
        return { store: new Store(folder, fs.openSync(results, "a"), unlock), campaign, lines };
      }),
    );
  }

  /** Appends one result. Throws StoreError: the campaign then stops and keeps what is there. */
  append(line: RunLine): void {
    // Unlike writeSync it writes all or throws.
    written(path.join(this.folder, "results.jsonl"), () => fs.writeFileSync(this.#file, formatLine(line)));
  }

  /** Writes the files of one failure and returns the path of its folder. Throws StoreError. */
  writeFailure(run: FailedRun, files: { readonly [name: string]: string }): string {
    const folder = this.failureFolder(run);
    written(folder, () => makeFolder(folder));
    for (const [name, text] of Object.entries(files))
      written(path.join(folder, name), () => writeWhole(path.join(folder, name), text));
    return folder;
  }

  failureFolder({ scenario, seed, corpusId }: FailedRun): string {
    const corpus = corpusId === undefined ? "" : `@corpus-${corpusId.slice(0, 8)}`;
    return path.join(this.folder, "failures", `${scenario}-${seedName(seed)}${corpus}`);
  }

  /** Throws StoreError. */
  writeFile(name: string, text: string): void {
    written(path.join(this.folder, name), () => writeWhole(path.join(this.folder, name), text));
  }

  close(): void {
    try {
      fs.fsyncSync(this.#file);
    } finally {
      fs.closeSync(this.#file);
      this.#unlock();
    }
  }
}

export type FailedRun = { readonly scenario: string; readonly seed: string; readonly corpusId?: string };

/** A seed as a part of a file name: percent-encoded; a long one, or one that is no well-formed text, is cut and ends in a hash. */
function seedName(seed: string): string {
  // Half of a surrogate pair, as JSON can hold it, has no percent-encoding.
  const wellFormed = Buffer.from(seed, "utf8").toString("utf8");
  const name = encodeURIComponent(wellFormed);
  if (name.length <= SEED_NAME_MAX && wellFormed === seed) return name;
  const hash = createHash("sha256").update(JSON.stringify(seed)).digest("hex").slice(0, 16);
  return `${name.slice(0, SEED_NAME_MAX - 20).replace(/%[0-9A-F]?$/, "")}~${hash}`;
}

/** What campaign.json holds, as far as another command needs it. */
export type StoredCampaign = {
  readonly base: string | null;
  readonly flags: { readonly [flag: string]: unknown };
  readonly sources: { readonly [name: string]: string };
};

/** Flags that are only compared may be anything; those that --last-failed goes by may not. */
const campaignSchema = z.looseObject({
  format: z.literal(1),
  base: z.string().min(1).nullable(),
  flags: z.looseObject({
    scenarios: z.array(z.string()).optional(),
    set: z.array(z.string()).optional(),
    grep: z.string().optional(),
    nemesis: z.string().optional(),
    all: z.boolean().optional(),
  }),
  sources: z.record(z.string(), z.string()),
});

/** What the campaign in a folder was asked. Throws UsageError where there is none, or its file is none of ours. */
export function campaignIn(folder: string): StoredCampaign {
  const file = path.join(folder, "campaign.json");
  if (!fs.existsSync(file)) throw new UsageError(`${folder} holds no campaign (there is no campaign.json).`);
  const next = "Expected what a campaign writes (docs/store.md).";
  const value = parseJson(readTextFile(file), file, next);
  demandDocument(campaignSchema, value, file, next);
  const { base, flags, sources } = value as StoredCampaign;
  return { base, flags, sources };
}

function locked<T>(folder: string, use: (unlock: () => void) => T): T {
  const unlock = lockFolder(folder);
  try {
    return use(unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

function written(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new StoreError(
      `The results could not be written: ${code} (${file}). What was written before is kept; free some space, then go on with --resume.`,
    );
  }
}

/** Makes a folder with its parents. Not by mkdir's `recursive`, which never returns on some file systems that refuse (/proc on Node 20). */
export function makeFolder(folder: string): void {
  if (fs.existsSync(folder)) return;
  if (path.dirname(folder) !== folder) makeFolder(path.dirname(folder));
  fs.mkdirSync(folder);
}

/** Temporary file, sync, rename: a reader sees the old file or the whole new one. */
export function writeWhole(file: string, text: string): void {
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

/**
 * Points .seedbed/runs/latest at the folder: a symbolic link, or a text file where links are refused. Returns false when neither is
 * possible, as where a folder of that name is in the way: the campaign itself is not hurt by that.
 */
export function linkLatest(folder: string): boolean {
  const latest = path.join(path.dirname(folder), "latest");
  const next = `${latest}.${process.pid}`;
  try {
    fs.rmSync(next, { force: true });
    try {
      fs.symlinkSync(path.basename(folder), next);
    } catch {
      fs.writeFileSync(next, `${path.basename(folder)}\n`);
    }
    // Over the old one in a single step: a reader always finds one of them.
    fs.renameSync(next, latest);
    return true;
  } catch {
    fs.rmSync(next, { force: true });
    return false;
  }
}

/** The folder that `latest` points at, in both of its forms; null when there is none. */
export function latestFolder(root: string): string | null {
  const latest = path.join(root, ".seedbed", "runs", "latest");
  try {
    if (fs.statSync(latest).isDirectory()) return fs.realpathSync(latest);
    const folder = path.join(path.dirname(latest), path.basename(fs.readFileSync(latest, "utf8").trim()));
    return fs.statSync(folder).isDirectory() ? folder : null;
  } catch {
    return null;
  }
}
