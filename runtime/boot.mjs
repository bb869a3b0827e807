// Boots a TypeScript entry in a process of its own on every supported Node: registers tsx, then imports the file named first.
// Compiled packages do not come through here. (Node 20 refuses --import tsx for workers; this works on 20 to 26.)
//
// tsx keeps the names of functions by a defineProperty for each closure that is made, also inside hot paths: a kv run takes a
// third longer with it. names.mjs takes that away again.
import { pathToFileURL } from "node:url";
import { register } from "tsx/esm/api";
import { registerHooks } from "./hooks.mjs";

register();
await registerHooks(new URL("./names.mjs", import.meta.url));
const entry = process.argv[2];
process.argv.splice(1, 1);
await import(entry.startsWith("file:") ? entry : pathToFileURL(entry).href);
