/**
 * npm's registry and mirrors of it: `/<package>`. A package's name alone says nothing: a source of this
 * provider says so itself.
 *
 * @module
 */
import { afterAt, fullSha, type ProviderReader } from "./provider.ts";

export const npm: ProviderReader = {
  read: (entry) => ({ entryId: entry.id ?? entry.link, sha: fullSha(entry.commit), version: afterAt(entry.id) }),
};
