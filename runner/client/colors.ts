/**
 * Colours on a terminal that wants them, plain text everywhere else.
 *
 * Decided here since picocolors also colours in CI, where nobody asked for escape codes in a log.
 *
 * @module
 */
import pc from "picocolors";

const wanted = process.stdout.isTTY && (process.env.NO_COLOR ?? "") === "" && process.env.TERM !== "dumb";

export const colors = pc.createColors(wanted);
