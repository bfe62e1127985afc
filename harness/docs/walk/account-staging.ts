/**
 * What a reader has who deploys: a clone of the project, `$CLONE`, and an account. `$BEFORE` is a time at which all was
 * well.
 *
 * @module
 */
import { generateKeyPairSync } from "node:crypto";
import { type Staging, TAIL_OF_STAGING, TIME_TRAVEL } from "./staging.ts";

export const ACCOUNT_STAGINGS: Readonly<Record<string, Staging>> = {
  "docs/guides/deploy.md": { npm: true, first: 'cd "$CLONE"' },
  "docs/guides/credentials.md": {
    npm: true,
    files: {
      "app.pem": generateKeyPairSync("rsa", {
        modulusLength: 2048,
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
      }).privateKey,
      token: "a-token-of-this-walk",
    },
    // wrangler asks for the value, and takes what is typed or piped into it.
    means: {
      "openssl rand -base64 32": "KEY=$(openssl rand -base64 32)",
      "npx wrangler secret put": 'echo "2026-11:$KEY" | npx wrangler secret put',
    },
    before: { "npx wrangler secret put PATCH_CREDENTIALS_KEYS": 'cd "$CLONE"' },
    after: { "npx wrangler secret put PATCH_CREDENTIALS_KEYS": 'cd "$PLACE"' },
  },
  "docs/guides/back-up-and-restore.md": {
    npm: true,
    only: TIME_TRAVEL,
    means: { "2026-01-31T12:00:00Z": "$BEFORE" },
    first: 'cd "$CLONE"',
  },
  "docs/guides/upgrade.md": { npm: true, first: 'cd "$CLONE"' },
  "docs/guides/watch-a-deployment.md": {
    npm: true,
    only: TAIL_OF_STAGING,
    // Into a file jq would write once it has a page full.
    means: { "jq -r": "jq --unbuffered -r" },
    first: 'cd "$CLONE" && npm run deploy -- --env staging',
    // Its address there; the one here would be taken for that of `npm run dev`.
    before: { [TAIL_OF_STAGING[0] ?? ""]: "export PATCH_MOI_URL=https://patch-moi-staging.example.workers.dev" },
    endless: {
      [TAIL_OF_STAGING[0] ?? ""]: {
        says: "^cron.tick$",
        meanwhile: 'curl --silent --fail "$PATCH_URL/cdn-cgi/local/scheduled" >/dev/null',
      },
    },
  },
};
