import { defineConfig, type ViteUserConfig } from "vitest/config";

const rooms = "{sim,systems,nemesis,checkers,scenarios,runtime,campaign,report,cli,tla,bugs}";
/** `npm run test:long`: what takes many seconds and seldom guards a change. Everything else is `npm test`. */
const long = "**/*.long.test.ts";

const config: ViteUserConfig = defineConfig({
  test: {
    pool: "forks",
    maxWorkers: "100%",
    projects: [
      {
        extends: true,
        test: { name: "unit", include: [`${rooms}/**/*.test.ts`], exclude: [long], testTimeout: 60_000 },
      },
      {
        extends: true,
        test: { name: "span", include: ["tests/**/*.test.ts"], exclude: [long, "tests/cli/**"], testTimeout: 120_000 },
      },
      {
        extends: true,
        test: {
          name: "tool",
          include: ["tests/cli/**/*.test.ts"],
          globalSetup: ["tests/cli/compiled.ts"],
          testTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: { name: "long", include: [`{${rooms.slice(1, -1)},tests}/${long}`], testTimeout: 300_000 },
      },
    ],
  },
});
export default config;
