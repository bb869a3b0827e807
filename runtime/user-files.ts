/**
 * Prepares this process for importing files of users: TypeScript goes through tsx, and "seedbed" is the tool that is running.
 *
 * In the repository tsx is registered already (npm run seedbed, boot.mjs); the compiled package registers it at the first such file only.
 */
import { installGuards } from "./guards.ts";
import { registerHooks } from "./hooks.mjs";

const FACES = {
  seedbed: "campaign",
  "seedbed/sim": "sim",
  "seedbed/nemesis": "nemesis",
  "seedbed/checkers": "checkers",
  "seedbed/crdt": "systems/crdt",
  "seedbed/tla": "tla",
};

let ready: Promise<void> | null = null;

/** Does its work once; later calls wait for the same. */
export function prepareForUserFiles(): Promise<void> {
  ready ??= prepare();
  return ready;
}

async function prepare(): Promise<void> {
  // Before the first of them is loaded, and for good: what a module takes at its top, such as `const later = setTimeout`, is then guarded in
  // runs, and passes through outside of them.
  installGuards();
  const isCompiled = !import.meta.url.endsWith(".ts");
  if (isCompiled) {
    const { register } = await import("tsx/esm/api");
    register();
    await registerHooks(new URL("./names.mjs", import.meta.url));
  }
  const extension = isCompiled ? "js" : "ts";
  const faces: Record<string, string> = {};
  for (const [specifier, room] of Object.entries(FACES))
    faces[specifier] = new URL(`../${room}/index.${extension}`, import.meta.url).href;
  await registerHooks(new URL("./self.mjs", import.meta.url), faces);
}
