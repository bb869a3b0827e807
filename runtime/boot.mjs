// Boots a TypeScript entry in a child process on every supported Node: registers tsx, then imports the file named first.
// Compiled packages do not come through here. (Node 20 refuses --import tsx for workers; this works on 20 to 26.)
import { register } from "tsx/esm/api";

register();
await import(process.argv[2]);
