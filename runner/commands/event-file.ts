/**
 * An event that a person gives: in the form of the API, or in the flat one that flow packages know and
 * older programs wrote.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { FlowEventInput } from "../../worker/contract/flow-event.ts";
import { usageFailure } from "../client/command-failure.ts";
import { PackageEvent, packageEvent } from "../flow/package-event.ts";

export type GivenEvent = {
  /** As flow packages see it. */
  seen: PackageEvent;
  /** As the server takes it; undefined when the payload says of no upstream movement. */
  input: FlowEventInput | undefined;
};

/** Reads either form; an event that `show --json` printed may be given back. */
export const EventFile = z.unknown().transform((document, ctx): GivenEvent => {
  const { receivedAt: _, ...rest } = z.looseObject({}).catch({}).parse(document) as Record<string, unknown>;
  const payload = z.record(z.string(), z.unknown()).catch({}).parse(rest.payload);
  if (Object.keys(payload).length > 0 && !("entry" in payload)) {
    const event = PackageEvent.safeParse(document);
    if (event.success) return { seen: event.data, input: inputOf(event.data) };
    for (const { path, message } of event.error.issues) ctx.addIssue({ code: "custom", path, message });
    return z.NEVER;
  }
  const event = FlowEventInput.safeParse(rest);
  if (event.success) return ofInput(event.data);
  for (const { path, message } of event.error.issues) ctx.addIssue({ code: "custom", path, message });
  return z.NEVER;
});

export function ofInput(input: FlowEventInput): GivenEvent {
  const { stackIds: _, ...event } = input;
  return { seen: packageEvent(event), input };
}

/** What the server is sent. */
export function requireInput({ input }: GivenEvent): FlowEventInput {
  if (input !== undefined) return input;
  throw usageFailure(
    "the event's payload names no tag, ref or sha, so it is of no upstream movement; only --dry-run and --local take it",
  );
}

const text = z.string().min(1).optional().catch(undefined);

const FlatPayload = z.object({
  provider: text,
  repo: text,
  repoUrl: text,
  tag: text,
  ref: text,
  sha: text,
  title: text,
  url: text,
  author: text,
  publishedAt: text,
});

function inputOf(event: PackageEvent): FlowEventInput | undefined {
  const { provider, repo, repoUrl, ...entry } = FlatPayload.parse(event.payload);
  const entryId = entry.tag ?? entry.sha ?? entry.ref;
  if (entryId === undefined) return undefined;
  const [owner, name] = (repo ?? "").split("/");
  const parsed = FlowEventInput.safeParse({
    id: event.id,
    type: event.type,
    sourceId: event.sourceId,
    occurredAt: event.occurredAt,
    payload: {
      provider,
      repo: repo === undefined ? undefined : { fullName: repo, owner, name, webUrl: repoUrl },
      entry: { entryId, ...entry },
    },
  });
  return parsed.data;
}
