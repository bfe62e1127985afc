/**
 * Loads a module of ours with an edit. Must be called before the module is imported.
 *
 * @module
 */
import { registerHooks } from "node:module";
import type { Mutant } from "./catalogue.ts";

const ROOT = new URL("../../../", import.meta.url);

/** Every import of the mutant's file gets the edited text; fails when the text is not as expected. */
export function loadMutated({ name, file, edits }: Mutant): void {
  const target = new URL(file, ROOT).href;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== target) return loaded;
      let text = String(loaded.source instanceof Uint8Array ? new TextDecoder().decode(loaded.source) : loaded.source);
      for (const { find, put } of edits) {
        const [before, after, ...more] = text.split(find);
        if (before === undefined || after === undefined || more.length > 0)
          throw new Error(`mutant '${name}': ${file} must have this text exactly once:\n${find}`);
        text = before + put + after;
      }
      return { ...loaded, source: text };
    },
  });
}
