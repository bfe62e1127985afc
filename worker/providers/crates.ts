/**
 * crates.io and mirrors of it: `/api/v1/crates/<name>`.
 *
 * @module
 */
import { afterAt, type ProviderReader } from "./provider.ts";

export const crates: ProviderReader = {
  ownsPath: (url) => /^\/api\/v1\/crates\/[^/]+$/.test(url.pathname),
  read: (entry) => ({ entryId: entry.id ?? entry.link, version: afterAt(entry.id) }),
};
