/**
 * The workspace backend that a stack's policy or the deployment names, with its secret.
 *
 * @module
 */
import type { Reason } from "../../contract/primitives.ts";
import type { Surface } from "../../contract/surface.ts";
import { fail, ok, type Result } from "../../platform/result.ts";
import type { DriverContext } from "../driver.ts";
import { httpWorkspace } from "./http.ts";
import { webSocketWorkspace } from "./web-socket.ts";
import type { Workspace } from "./wire.ts";

export type WorkspaceSurface = Extract<Surface, { driver: "workspace-http" | "workspace-ws" }>;

export async function openWorkspace(
  surface: WorkspaceSurface,
  context: DriverContext,
): Promise<Result<{ call: Workspace; url: string }, Reason>> {
  const { settings, outbound } = context;
  const url = surface.url ?? settings.workspaceUrl;
  const wanted = surface.driver === "workspace-ws" ? "ws" : "http";
  if (url === undefined || !url.startsWith(wanted))
    return refuse("no_workspace", `no ${wanted}(s) address: set policy.surface.url, or PATCH_WORKSPACE_URL`);
  const secret = await secretOf(surface, url, context);
  if (!secret.ok) return secret;
  if (surface.driver === "workspace-ws") return ok({ call: webSocketWorkspace(url, secret.value, outbound), url });
  if (secret.value === undefined)
    return refuse("no_secret", "events are signed: name policy.surface.credential, or set PATCH_WORKSPACE_SECRET");
  return ok({ call: httpWorkspace(url, secret.value, outbound), url });
}

/** The deployment's own secret goes to the deployment's own backend only. */
async function secretOf(
  { credential }: WorkspaceSurface,
  url: string,
  { settings, credential: open }: DriverContext,
): Promise<Result<string | undefined, Reason>> {
  const { host } = new URL(url);
  const own = settings.workspaceUrl !== undefined && new URL(settings.workspaceUrl).host === host;
  if (credential === undefined && own) return ok(settings.workspaceSecret);
  const opened = await open({ host, kinds: ["workspace-secret"], name: credential });
  if (opened.ok) return ok(opened.value.value);
  const none = opened.failure.code === "no_credential" || opened.failure.code === "no_sealing_key";
  return credential === undefined && none ? ok(undefined) : fail(opened.failure);
}

function refuse(code: string, message: string): Result<never, Reason> {
  return fail({ code, message });
}
