// Registers a file of loader hooks: in this thread where Node can (22.15 and later, as tsx does), else in the loader's thread.
import * as module from "node:module";

export async function registerHooks(url, data) {
  if (typeof module.registerHooks !== "function") {
    module.register(url, { data });
    return;
  }
  const { initialize, load, resolve } = await import(url.href);
  initialize?.(data);
  module.registerHooks({ ...(load === undefined ? {} : { load }), ...(resolve === undefined ? {} : { resolve }) });
}
