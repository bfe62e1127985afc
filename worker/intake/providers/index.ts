/**
 * The providers, and which one an address belongs to. Adding one is one file and one line.
 *
 * @module
 */
import { Provider } from "../../contract/feed-source.ts";
import { cgit } from "./cgit.ts";
import { feed } from "./feed.ts";
import { codeberg, forgejo, gitea } from "./forgejo.ts";
import { git } from "./git.ts";
import { github } from "./github.ts";
import { gitlab } from "./gitlab.ts";
import { kernel } from "./kernel.ts";
import { osv } from "./osv.ts";
import type { ProviderReader } from "./provider.ts";
import { crates, npm, pypi } from "./registries.ts";
import { sourceforge } from "./sourceforge.ts";

export const PROVIDERS: Readonly<Record<Provider, ProviderReader>> = {
  github,
  codeberg,
  forgejo,
  gitea,
  jojo: forgejo,
  gitlab,
  cgit,
  pypi,
  npm,
  crates,
  kernel,
  sourceforge,
  git,
  osv,
  feed,
};

/** The provider that an address looks like; `feed` when it is nobody's in particular. */
export function guessProvider(address: string | undefined): Provider {
  if (address === undefined || !URL.canParse(address)) return "feed";
  const url = new URL(address);
  return Provider.options.find((name) => PROVIDERS[name].owns(url)) ?? "feed";
}
