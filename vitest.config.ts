import { fileURLToPath } from "node:url";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

// Tests start wrangler and the command line many times; most of such a start is compiling the same code again.
const env = { NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/compile", import.meta.url)) };

export default defineConfig({
  test: {
    // The edge logs one line per fact; they are shown where a test fails.
    silent: "passed-only",
    projects: [
      {
        // Everything of the edge runs inside workerd, with real D1, objects, alarms and queue.
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                TEST_MIGRATIONS: await readD1Migrations("migrations"),
                PATCH_ADMIN_TOKEN: "test-admin-token-for-vitest-only",
                PATCH_SIGNING_KEY: "test-signing-key-for-vitest-only-0123456789",
                PATCH_CREDENTIALS_KEYS: "test:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
                PATCH_ALLOW_LOCAL: "true",
                PATCH_URL: "https://patch.test",
              },
            },
          })),
        ],
        test: {
          name: "edge",
          // One workerd for all files: starting one and reading the Worker into it takes longer than most files.
          isolate: false,
          include: ["worker/**/*.test.ts", "durable-objects/**/*.test.ts"],
          setupFiles: ["./harness/edge/set-up.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "runner",
          include: ["runner/**/*.test.ts"],
          env,
          // A test waits for git most of its time: without this two cores would run one file at a time.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Whole processes on loopback ports, most of the time waiting for one another: two files at a time fill two cores.
        test: {
          name: "harness",
          include: ["harness/**/*.test.ts"],
          env,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
