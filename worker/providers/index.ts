/**
 * The providers by name, and which one an address belongs to.
 *
 * @module
 */
import type { ProviderReader } from "./provider.ts";
import * as registry from "./registry.ts";

export type Provider = keyof typeof registry;

export const PROVIDERS: Readonly<Record<Provider, ProviderReader>> = registry;

/** In the order of the alphabet, whoever put the modules together. */
export const PROVIDER_NAMES = (Object.keys(registry) as Provider[]).toSorted();

/** The provider that an address looks like: by its host, else by its path; `feed` when it is nobody's in particular. */
export function guessProvider(address: string | undefined): Provider {
  if (address === undefined || !URL.canParse(address)) return "feed";
  const url = new URL(address);
  return (
    PROVIDER_NAMES.find((name) => PROVIDERS[name].ownsHost?.(url.hostname)) ??
    PROVIDER_NAMES.find((name) => PROVIDERS[name].ownsPath?.(url)) ??
    "feed"
  );
}
