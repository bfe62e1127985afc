/**
 * Colours on a terminal that wants them, plain text everywhere else.
 *
 * Decided here since picocolors also colours in CI, where nobody asked for escape codes in a log.
 *
 * @module
 */
import pc from "picocolors";

// `isTTY` is absent on a pipe, and createColors takes undefined for "decide yourself".
const wanted = Boolean(process.stdout.isTTY) && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";

export const colors = pc.createColors(wanted);
