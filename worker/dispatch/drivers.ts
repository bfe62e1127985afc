/**
 * The drivers there are: a new one is its file and its line here.
 *
 * @module
 */
import type { DriverName } from "../contract/surface.ts";
import type { Driver, DriverOf } from "./driver.ts";
import { forgejoActions, githubActions, gitlabCi } from "./forge-actions.ts";

const DRIVERS: { readonly [N in DriverName]?: DriverOf<N> } = {
  "github-actions": githubActions,
  "forgejo-actions": forgejoActions,
  "gitlab-ci": gitlabCi,
};

/** The driver of that name; undefined for `pull`, where nothing is sent, and for one that this version lacks. */
export function driverNamed(name: DriverName): Driver | undefined {
  return DRIVERS[name];
}
