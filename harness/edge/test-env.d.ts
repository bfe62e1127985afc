import type { D1Migration } from "cloudflare:test";

declare global {
  namespace Cloudflare {
    /** Bindings that vitest.config.ts adds for tests inside workerd. */
    interface Env {
      TEST_MIGRATIONS: D1Migration[];
      PATCH_ADMIN_TOKEN: string;
      PATCH_SIGNING_KEY: string;
      PATCH_CREDENTIALS_KEYS: string;
    }
  }
}
