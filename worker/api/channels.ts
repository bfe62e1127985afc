/**
 * Channels of a stack, and promoting a candidate to one.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { MaintenanceAttempt } from "../contract/attempt.ts";
import { Channel, channelRef, PromoteInput } from "../contract/channel.ts";
import { Name } from "../contract/primitives.ts";
import { findCandidate } from "../store/dispatches.ts";
import type { StackRow } from "../store/rows.ts";
import { findStack } from "../store/stacks.ts";
import { ApiError, type AppEnv, json, jsonBody, refusals, router, scope } from "./http.ts";
import { operate } from "./maintenance-attempts.ts";

export const channelsApi = router();

channelsApi.openapi(
  createRoute({
    method: "get",
    path: "/stacks/{id}/channels",
    middleware: [scope("read")] as const,
    request: { params: z.object({ id: Name }) },
    responses: { 200: json(z.object({ channels: z.array(Channel) }), "Channels, by name"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const stack = await findStack(c.var.db, id);
    if (stack === undefined) throw new ApiError("not_found", `there is no stack '${id}'`);
    return c.json({ channels: channelsOf(stack) }, 200);
  },
);

channelsApi.openapi(
  createRoute({
    method: "post",
    path: "/candidates/{id}/promote",
    middleware: [scope("operate")] as const,
    request: { params: z.object({ id: z.string().min(1).max(128) }), body: jsonBody(PromoteInput) },
    responses: {
      202: json(z.object({ attempt: MaintenanceAttempt }), "The attempt that moves the channel to the candidate"),
      ...refusals,
    },
  }),
  async (c) => {
    return c.json(await promote(c, c.req.valid("param").id, c.req.valid("json").channel), 202);
  },
);

/** Moves a channel to a candidate: by the API or the console. */
export async function promote(c: Context<AppEnv>, candidateId: string, channel: string) {
  const candidate = await findCandidate(c.var.db, candidateId);
  if (candidate === undefined) throw new ApiError("not_found", `there is no candidate '${candidateId}'`);
  return operate(c, { type: "promote", attemptId: candidate.attemptId, candidateId, channel });
}

/** Those that are declared, and those that were and still stand somewhere. */
export function channelsOf({ id, config, channels: promoted }: StackRow): Channel[] {
  const declared = config.channels ?? {};
  const names = [...new Set([...Object.keys(declared), ...Object.keys(promoted)])].toSorted();
  return names.map((channel) => {
    const follows = declared[channel]?.follows;
    const at = promoted[channel];
    return {
      channel,
      ...(follows === undefined ? {} : { follows }),
      ref: channelRef(id, channel),
      ...(at === undefined ? {} : { promoted: at }),
    };
  });
}
