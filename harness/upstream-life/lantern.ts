/**
 * The project of the story: a small server called lantern, and the three patches that an office keeps on it.
 *
 * @module
 */

/** What the stack verifies with. */
export const VERIFY_COMMAND = "node test.cjs";

/** lantern 1.0.0. */
export const FILES: Readonly<Record<string, string>> = {
  "README.md": `# lantern

A small server that keeps the light on.

Run \`node test.cjs\` before you send a patch.
`,
  "lib/limits.cjs": `"use strict";

// What one process may take for itself.
module.exports = {
  maxConnections: 100,
  // Bytes of one request's body.
  maxBody: 1048576,
  // Seconds a request may take.
  requestSeconds: 30,
  // Rows read at once.
  pageRows: 500,
  // Tries before giving up.
  tries: 3,
};
`,
  "lib/sockets.cjs": `"use strict";
const limits = require("./limits.cjs");

/** Seconds a socket may stay idle under this load, 0 to 1. */
function idleSeconds(load) {
  return load > 0.5 ? 300 : 600;
}

/** Whether one more connection is let in. */
function accepts(open) {
  return open < limits.maxConnections;
}

module.exports = { idleSeconds, accepts };
`,
  "lib/banner.cjs": `"use strict";

/** First line of the log. */
function banner(version) {
  return "lantern " + version;
}

module.exports = { banner };
`,
  "test.cjs": `"use strict";
const assert = require("node:assert");
const { banner } = require("./lib/banner.cjs");
const limits = require("./lib/limits.cjs");
const { accepts, idleSeconds } = require("./lib/sockets.cjs");

assert(accepts(0));
assert(!accepts(limits.maxConnections));

assert(idleSeconds(0.9) < idleSeconds(0.1));

assert(banner("1.0.0").startsWith("lantern 1.0.0"));

console.log("ok");
`,
};

/** Replaces `from` by `to` in `file`, or writes the whole file when `from` is undefined. */
export type Edit = { file: string; from?: string; to: string };

export type Change = { subject: string; edits: readonly Edit[] };

export const LIMIT_PATCH: Change = {
  subject: "Serve the whole office from one lantern",
  edits: [{ file: "lib/limits.cjs", from: "maxConnections: 100,", to: "maxConnections: 400," }],
};

export const IDLE_PATCH: Change = {
  subject: "Close idle sockets after a minute under load",
  edits: [{ file: "lib/sockets.cjs", from: "? 300 : 600", to: "? 60 : 600" }],
};

export const BANNER_PATCH: Change = {
  subject: "Name the office build in the banner",
  edits: [
    { file: "lib/build.cjs", to: '"use strict";\nmodule.exports = "office";\n' },
    {
      file: "lib/banner.cjs",
      from: 'return "lantern " + version;',
      to: 'return "lantern " + version + " (" + require("./build.cjs") + " build)";',
    },
  ],
};

/** The office's stack, oldest first. */
export const PATCHES: readonly Change[] = [LIMIT_PATCH, IDLE_PATCH, BANNER_PATCH];
