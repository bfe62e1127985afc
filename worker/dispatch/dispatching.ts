/**
 * The way to execution surfaces, as the platform gives it.
 *
 * @module
 */
import { openCredential } from "../auth/credential.ts";
import { InstallationTokens } from "../forges/github/app.ts";
import { log } from "../platform/log.ts";
import { readSettings } from "../platform/settings.ts";
import { limitCredential } from "../store/credentials.ts";
import { type Database, StorageFault } from "../store/database.ts";
import type { DriverContext } from "./driver.ts";
import { driverNamed } from "./drivers.ts";
import type { Dispatching } from "./hand-over.ts";

export function openDispatching(db: Database, env: object): Dispatching {
  const tokens = new InstallationTokens();
  return {
    db,
    driver: driverNamed,
    // Read anew each time: what an operator has mended counts at once.
    get context() {
      return { ...driverContext(db, env), tokens };
    },
  };
}

export function driverContext(db: Database, env: object): DriverContext {
  const settings = readSettings(env);
  return {
    settings,
    outbound: { allowLocal: settings.allowLocal },
    now: () => Date.now(),
    credential: (wanted) => openCredential(db, settings, wanted),
    limited: (credential, until) => keepLimit(db, credential, until),
  };
}

/** What is not kept is only not known to others: they meet the limit themselves. */
async function keepLimit(db: Database, credential: string, until: string): Promise<void> {
  log("warn", "forge.limited", { credential, until });
  try {
    await limitCredential(db, credential, until);
  } catch (error) {
    if (!(error instanceof StorageFault)) throw error;
  }
}
