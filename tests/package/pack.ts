/**
 * The package as a user would have it, without a registry: compiled, packed by npm, unpacked into node_modules of an empty folder,
 * with its dependencies linked from the repository. The repository itself is not touched.
 */
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

export const repository: string = path.resolve(import.meta.dirname, "../..");

export type Ran = { readonly exitCode: number | null; readonly stdout: string; readonly stderr: string };

export type Packed = {
  /** The user's folder: it holds node_modules and nothing else. */
  readonly folder: string;
  /** Names of the files in the package. */
  readonly files: readonly string[];
  run(command: string, ...args: string[]): Ran;
  remove(): void;
};

export function packAndInstall(): Packed {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-package-"));
  const staged = path.join(base, "staged");
  const folder = path.join(base, "user");
  stage(staged);
  const [packed] = JSON.parse(npm(staged, "pack", "--json", "--ignore-scripts", "--pack-destination", base)) as [
    { filename: string; files: { path: string }[] },
  ];
  const installed = path.join(folder, "node_modules", "seedbed");
  fs.mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", path.join(base, packed.filename), "--strip-components=1", "-C", installed]);
  linkDependencies(installed, path.join(folder, "node_modules"));
  return {
    folder,
    files: packed.files.map((file) => file.path),
    run: (command, ...args) => {
      const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8", env: plainEnv() });
      return { exitCode: status, stdout, stderr };
    },
    remove: () => fs.rmSync(base, { recursive: true, force: true }),
  };
}

/** Makes the folder `staged`: what npm would find in the repository after `npm run build`. */
export function stage(staged: string): void {
  fs.mkdirSync(staged);
  const compiler = path.join(repository, "node_modules", ".bin", "tsc");
  execFileSync(compiler, ["-p", "tsconfig.build.json", "--outDir", path.join(staged, "dist")], { cwd: repository });
  const atRoot = fs.readdirSync(repository).filter((name) => name.endsWith(".md"));
  for (const name of ["package.json", "LICENSE", ...atRoot])
    fs.copyFileSync(path.join(repository, name), path.join(staged, name));
  fs.cpSync(path.join(repository, "docs"), path.join(staged, "docs"), { recursive: true });
  fs.cpSync(path.join(repository, "tla", "specs"), path.join(staged, "tla", "specs"), { recursive: true });
}

function linkDependencies(installed: string, modules: string): void {
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(installed, "package.json"), "utf8")) as {
    dependencies: { [name: string]: string };
  };
  for (const name of [...Object.keys(dependencies), "@types"])
    fs.symlinkSync(path.join(repository, "node_modules", name), path.join(modules, name));
  const entry = path.join(installed, "dist", "cli", "main.js");
  fs.chmodSync(entry, 0o755);
  fs.mkdirSync(path.join(modules, ".bin"));
  fs.symlinkSync(entry, path.join(modules, ".bin", "seedbed"));
}

function npm(cwd: string, ...args: string[]): string {
  return execFileSync("npm", args, { cwd, encoding: "utf8", env: plainEnv(), stdio: ["ignore", "pipe", "ignore"] });
}

/** Without what vitest and npm run put there, and without colour. */
export function plainEnv(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|VITEST|NODE_OPTIONS$|NODE_ENV$|TEST$|FORCE_COLOR$|GITHUB_ACTIONS$|CI$)/i.test(name),
  );
  return { ...Object.fromEntries(kept), NO_COLOR: "1", npm_config_update_notifier: "false" };
}
