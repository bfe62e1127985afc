/**
 * The version this program says it has: the package's own.
 *
 * @module
 */
import manifest from "../../package.json" with { type: "json" };

export const VERSION: string = manifest.version;
