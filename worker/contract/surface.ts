/**
 * Execution surfaces: what does a stack's Git work, and what each of them can do.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { HttpUrl, Name, RefName } from "./primitives.ts";

/** Which surface does the work. */
export const DriverName = z.enum([
  "pull",
  "github-actions",
  "forgejo-actions",
  "gitlab-ci",
  "workspace-http",
  "workspace-ws",
]);
export type DriverName = z.infer<typeof DriverName>;

/** What a surface can do; the machine decides by this, never by a driver's name. */
export type Capabilities = {
  /** Work is sent to it. Without this it comes and asks for work. */
  pushed: boolean;
  /** What it starts claims the attempt, sends heartbeats and reports by callback. Without this its runs are read back. */
  claims: boolean;
  /** It can be asked what became of a hand-out. */
  status: boolean;
  /** A run of it can be stopped from outside. */
  cancel: boolean;
};

const FORGE_JOB: Capabilities = { pushed: true, claims: true, status: true, cancel: true };
const WORKSPACE: Capabilities = { pushed: true, claims: false, status: true, cancel: false };

export const CAPABILITIES: Readonly<Record<DriverName, Capabilities>> = {
  pull: { pushed: false, claims: true, status: false, cancel: false },
  "github-actions": FORGE_JOB,
  "forgejo-actions": FORGE_JOB,
  "gitlab-ci": FORGE_JOB,
  "workspace-http": WORKSPACE,
  // The wire has `flow.cancelRun` over WebSocket only.
  "workspace-ws": { ...WORKSPACE, cancel: true },
};

/** Longest address of a surface, characters. */
const MAX_URL = 2048;

export const WebSocketUrl = z
  .string()
  .max(MAX_URL)
  .refine((text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, username, password } = new URL(text);
    return (protocol === "wss:" || protocol === "ws:") && username === "" && password === "";
  }, "must be a ws(s) URL without credentials");

/** Name of a stored credential. */
const credential = Name.optional();

/** A workflow file's own name, as it stands in the forge's workflow folder. */
const workflow = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.ya?ml$/, "is the name of a workflow file, as 'patch-moi.yml'")
  .default("patch-moi.yml");

/** A surface as a driver needs it, discriminated by the driver. Absent addresses are the deployment's or the forge's own. */
export const Surface = z.discriminatedUnion("driver", [
  z.strictObject({ driver: z.literal("pull") }),
  z.strictObject({
    driver: z.literal("github-actions"),
    url: HttpUrl.optional(),
    workflow,
    ref: RefName.optional(),
    credential,
  }),
  z.strictObject({
    driver: z.literal("forgejo-actions"),
    url: HttpUrl.optional(),
    workflow,
    ref: RefName.optional(),
    credential,
  }),
  z.strictObject({ driver: z.literal("gitlab-ci"), url: HttpUrl.optional(), ref: RefName.optional(), credential }),
  z.strictObject({ driver: z.literal("workspace-http"), url: HttpUrl.optional(), credential }),
  z.strictObject({ driver: z.literal("workspace-ws"), url: WebSocketUrl.optional(), credential }),
]);
export type Surface = z.infer<typeof Surface>;

/** `policy.surface` as an operator writes it; which of the fields a driver takes is checked against {@link Surface}. */
export const SurfaceSettings = z
  .strictObject({
    /** Base address of the surface's API, where it is not the one that follows from the fork or the deployment. */
    url: z.string().max(MAX_URL).optional(),
    /** Workflow file that is started; `patch-moi.yml`. */
    workflow: z.string().max(200).optional(),
    /** Branch or tag whose workflow is run; the repository's default branch. */
    ref: RefName.optional(),
    credential,
  })
  .openapi("SurfaceSettings");
export type SurfaceSettings = z.infer<typeof SurfaceSettings>;

/** The surface that a policy names. What was stored was checked, so this does not fail on it. */
export function surfaceOf(policy: { driver: DriverName; surface?: SurfaceSettings | undefined }): Surface {
  return Surface.parse({ driver: policy.driver, ...policy.surface });
}

/** What is wrong with the settings of a driver's surface. */
export function surfaceIssues(driver: DriverName, settings: SurfaceSettings | undefined) {
  return Surface.safeParse({ driver, ...settings }).error?.issues ?? [];
}

/** One run of the surface's own: what a hand-out became there. */
export const SurfaceRun = z.object({ id: z.string().min(1).max(200), url: HttpUrl.optional() }).openapi("SurfaceRun");
export type SurfaceRun = z.infer<typeof SurfaceRun>;
