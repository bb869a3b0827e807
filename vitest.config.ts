import { defineConfig } from "vitest/config";

const rooms = "{sim,systems,nemesis,checkers,scenarios,runtime,campaign,report,cli,tla,bugs}";

import type { ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    pool: "forks",
    projects: [
      { extends: true, test: { name: "unit", include: [`${rooms}/**/*.test.ts`], testTimeout: 30_000 } },
      { extends: true, test: { name: "span", include: ["tests/**/*.test.ts"], testTimeout: 120_000 } },
    ],
  },
});
export default config;
