/**
 * Loads modules of ours, or of a package, with their text edited. Must be called before they are imported.
 *
 * @module
 */
import { registerHooks } from "node:module";
import type { Edit, Mutant } from "./catalogue.ts";

const ROOT = new URL("../../../", import.meta.url);

/** Every import of the mutant's file gets the edited text; fails when the text is not as expected. */
export function loadMutated({ name, file, edits }: Mutant): void {
  loadEdited(`mutant '${name}'`, new URL(file, ROOT).href, edits);
}

/** The same for the module at any address. */
export function loadEdited(who: string, target: string, edits: readonly Edit[]): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== target) return loaded;
      let text = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source);
      for (const { find, put } of edits) {
        const [before, after, ...more] = text.split(find);
        if (before === undefined || after === undefined || more.length > 0)
          throw new Error(`${who}: ${target} must have this text exactly once:\n${find}`);
        text = before + put + after;
      }
      return { ...loaded, source: text };
    },
  });
}
