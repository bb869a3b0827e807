/** Where in the user's code an error was made: a file, a line and a column out of its stack. */
import * as path from "node:path";
import { fileURLToPath } from "node:url";
import { showValue } from "../nemesis/issue.ts";

/** Where the tool is: what lies outside is the user's. */
const TOOL = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
/** Rooms of the tool that only carry the calls of a scenario. */
const CARRIERS = ["campaign", "runtime", "sim", "cli", "nemesis", "node_modules"].map((room) =>
  path.join(TOOL, room, path.sep),
);
const GUARD = path.join(TOOL, "scenarios", "guarded.");
const FRAME = /\(?([^\s()]+):(\d+):(\d+)\)?$/;

type Frame = { readonly file: string; readonly line: string; readonly column: string };

/** "TypeError: x is not a function (register.scenario.ts:12:9)" */
export function describeThrown(error: unknown): string {
  if (!(error instanceof Error)) return showValue(error);
  const place = placeOf(error);
  const message = error.message.split("\n").slice(0, 3).join(" ");
  return `${error.name}: ${message}${place === null ? "" : ` (${place})`}`;
}

/** The innermost frame in the user's code, else in a scenario or system that comes with the tool; null when there is none. */
export function placeOf(error: Error): string | null {
  const frames = framesOf(error);
  const found = frames.find(isOfUser) ?? frames.find(isOfContent);
  if (found === undefined) return null;
  const relative = path.relative(process.cwd(), found.file);
  return `${relative.startsWith("..") ? found.file : relative}:${found.line}:${found.column}`;
}

/** True when code of the user was running when the error was made. */
export function isFromUserCode(error: unknown): error is Error {
  return error instanceof Error && framesOf(error).some(isOfUser);
}

function isOfUser({ file }: Frame): boolean {
  return !file.startsWith(TOOL + path.sep) && !file.includes(`${path.sep}node_modules${path.sep}`);
}

/** A scenario, system or checker that comes with the tool. */
function isOfContent({ file }: Frame): boolean {
  return !file.startsWith(GUARD) && !CARRIERS.some((room) => file.startsWith(room));
}

function framesOf(error: Error): Frame[] {
  return (error.stack ?? "").split("\n").flatMap((text) => {
    const match = /^\s+at /.test(text) ? FRAME.exec(text.trim()) : null;
    if (match === null) return [];
    const [, at, line, column] = match;
    const bare = at!.replace(/\?.*$/, "");
    const file = bare.startsWith("file:") ? fileURLToPath(bare) : bare;
    return path.isAbsolute(file) ? [{ file, line: line!, column: column! }] : [];
  });
}
