/**
 * What a reader has who deploys: a clone of the project, `$CLONE`, and an account.
 *
 * @module
 */
import type { Staging } from "./staging.ts";

export const ACCOUNT_STAGINGS: Readonly<Record<string, Staging>> = {
  "docs/guides/deploy.md": { npm: true, first: 'cd "$CLONE"' },
  "docs/guides/upgrade.md": { npm: true, first: 'cd "$CLONE"' },
};
