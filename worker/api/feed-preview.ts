/**
 * `/feed-sources/preview`: what a feed would become.
 *
 * @module
 */
import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { ErrorBody } from "../contract/error.ts";
import { Preview, PreviewInput } from "../contract/preview.ts";
import { type FollowingStack, followingStack } from "../intake/movement.ts";
import { previewFeed } from "../intake/preview.ts";
import type { Database } from "../store/database.ts";
import { stackPolicies } from "../store/stacks.ts";
import { ApiError, type AppEnv, json, jsonBody, refusals, router, scope } from "./http.ts";

export const feedPreviewApi = router();

feedPreviewApi.openapi(
  createRoute({
    method: "post",
    path: "/feed-sources/preview",
    middleware: [scope("operate")] as const,
    request: { body: jsonBody(PreviewInput) },
    responses: {
      200: json(Preview, "Format, entries, filter decisions and the events that would be made"),
      422: json(ErrorBody, "What was sent is no feed; the message says what it is"),
      ...refusals,
    },
  }),
  async (c) => c.json(await preview(c, c.req.valid("json")), 200),
);

/** What a feed would become: by the API or the console. */
export async function preview(c: Context<AppEnv>, input: PreviewInput): Promise<Preview> {
  const stacks = await stacksOf(c.var.db, input);
  const outbound = { allowLocal: c.var.settings.allowLocal, ownHosts: [new URL(c.req.url).hostname] };
  const found = await previewFeed(input, stacks, outbound, new Date().toISOString());
  if (!found.ok) throw new ApiError("feed_unusable", found.failure.message, { reason: found.failure.code });
  return found.value;
}

async function stacksOf(db: Database, { stack, target }: PreviewInput): Promise<FollowingStack[]> {
  if (stack === undefined) return target?.mode === "maintain" ? followingStacks(db, target.stacks) : [];
  const [found] = await stackPolicies(db, [stack]);
  if (found === undefined) throw new ApiError("not_found", `there is no stack '${stack}'`);
  return [followingStack(found.stackId, found.config)];
}

async function followingStacks(db: Database, ids: readonly string[]): Promise<FollowingStack[]> {
  const found = await stackPolicies(db, ids);
  const unknown = ids.filter((id) => !found.some((stack) => stack.stackId === id));
  if (unknown.length > 0)
    throw new ApiError("invalid_request", `target.stacks: unknown: ${unknown.join(", ")}`, { unknownStacks: unknown });
  return found.map(({ stackId, config }) => followingStack(stackId, config));
}
