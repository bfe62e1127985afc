/**
 * A flow event as flow packages know it: the payload flat, with the repository's full name as `repo`
 * and the tag as `tag`, which is what their schemas are written for.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { FlowEventPayload } from "../../worker/contract/flow-event.ts";

/** Any event of any product; a payload in the form of our own events is made flat. */
export const PackageEvent = z.object({
  id: z.string().min(1).max(1400),
  type: z.string().min(1).max(200),
  source: z.string().max(200).optional(),
  sourceId: z.string().max(200).optional(),
  occurredAt: z.string().max(64).optional(),
  receivedAt: z.string().max(64).optional(),
  payload: z.record(z.string(), z.unknown()).default({}),
});
export type PackageEvent = z.infer<typeof PackageEvent>;

export function packageEvent(event: PackageEvent): PackageEvent {
  const ours = FlowEventPayload.safeParse(event.payload);
  if (!ours.success) return event;
  const { provider, repo, entry, moved, extra } = ours.data;
  const flat = {
    provider,
    sourceId: event.sourceId,
    entry,
    ...entry,
    repo: repo?.fullName,
    repoOwner: repo?.owner,
    repoName: repo?.name,
    repoUrl: repo?.webUrl,
    defaultBranch: repo?.defaultBranch,
    moved,
    // What the source's target adds goes over what upstream said.
    ...extra,
  };
  // Absent is absent: a schema may ask for `required`.
  const payload = Object.fromEntries(Object.entries(flat).filter(([, value]) => value !== undefined));
  return { ...event, source: event.source ?? "patch.moi", payload };
}
