/**
 * The drivers there are: a new one is its file and its line here.
 *
 * @module
 */
import type { DriverName } from "../contract/surface.ts";
import type { Driver, DriverOf } from "./driver.ts";
import { forgejoActions, githubActions, gitlabCi } from "./forge-actions.ts";
import { workspaceHttp, workspaceWs } from "./workspace/driver.ts";

const DRIVERS: { readonly [N in Exclude<DriverName, "pull">]: DriverOf<N> } = {
  "github-actions": githubActions,
  "forgejo-actions": forgejoActions,
  "gitlab-ci": gitlabCi,
  "workspace-http": workspaceHttp,
  "workspace-ws": workspaceWs,
};

/** The driver of that name; undefined for `pull`, where nothing is sent. */
export function driverNamed(name: DriverName): Driver | undefined {
  return name === "pull" ? undefined : DRIVERS[name];
}
