#!/usr/bin/env node
/**
 * The `patch.moi` command.
 *
 * Two fifths of a start went into compiling the same code again; Node keeps what it compiled, where it can.
 *
 * @module
 */
import nodeModule from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

// A folder of the user's own: what stands there is run. Node 20 keeps nothing, and NODE_COMPILE_CACHE goes first.
nodeModule.enableCompileCache?.(join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "patch.moi"));
await import("./command-line.ts");
