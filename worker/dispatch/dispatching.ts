/**
 * The way to execution surfaces, as the platform gives it.
 *
 * @module
 */
import { openCredential } from "../auth/credential.ts";
import { InstallationTokens } from "../forges/github/app.ts";
import { readSettings } from "../platform/settings.ts";
import type { Database } from "../store/database.ts";
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
  };
}
