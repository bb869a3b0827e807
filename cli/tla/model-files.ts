/**
 * From the words of a command to the texts of a model: the specification, its configuration, and where modules are found.
 *
 * A module is looked for beside the specification, then in the folders of --library, in order. The standard and community
 * modules are part of the engine, and need not be found.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { UsageError } from "../../campaign/errors.ts";

export type ModelFiles = {
  /** Path of the specification, as it was given, with its extension. */
  readonly specFile: string;
  readonly configFile: string;
  /** Name of the root module. */
  readonly spec: string;
  /** Text of the configuration. */
  readonly config: string;
  /** Where modules are looked for, in order. */
  readonly folders: readonly string[];
};

export type ModelArguments = {
  readonly spec: string;
  readonly config?: string | undefined;
  readonly library: readonly string[];
};

/** Throws UsageError for what is missing or cannot be read. */
export function findModel(args: ModelArguments): ModelFiles {
  const specFile = args.spec.endsWith(".tla") ? args.spec : `${args.spec}.tla`;
  readText(specFile);
  const configFile = args.config ?? specFile.replace(/\.tla$/, ".cfg");
  if (args.config === undefined && !fs.existsSync(configFile))
    throw new UsageError(
      `${specFile} needs a configuration, and there is no ${configFile}. Write one (SPECIFICATION, INVARIANT, CONSTANTS …), ` +
        "or name it with --config.",
    );
  for (const folder of args.library)
    if (!fs.existsSync(folder)) throw new UsageError(`--library: there is no folder ${JSON.stringify(folder)}.`);
  return {
    specFile,
    configFile,
    spec: path.basename(specFile, ".tla"),
    config: readText(configFile),
    folders: [path.dirname(specFile), ...args.library],
  };
}

/** The text of a module by its name; undefined if no folder has it. */
export function moduleLoader(folders: readonly string[]): (name: string) => string | undefined {
  return (name) => {
    for (const folder of folders) {
      const file = path.join(folder, `${name}.tla`);
      if (fs.existsSync(file)) return fs.readFileSync(file, "utf8");
    }
    return undefined;
  };
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EISDIR") throw new UsageError(`${file} is a folder; a file is expected.`);
    throw new UsageError(`${file} cannot be read: ${code ?? String(error)}.`);
  }
}
