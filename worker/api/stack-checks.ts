/**
 * `/stacks/:id/checks`: whether a job of the stack's forge is started, comes here, and is let in.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { Name } from "../contract/primitives.ts";
import { SetupCheck } from "../contract/setup-check.ts";
import { driverContext } from "../dispatch/dispatching.ts";
import { lookAtCheck, startCheck } from "../dispatch/setup-check.ts";
import { lastCheck, type SetupCheckRow } from "../store/setup-checks.ts";
import { findStack } from "../store/stacks.ts";
import { ApiError, json, refusals, router, scope } from "./http.ts";

const params = z.object({ id: Name });
const Answer = z.object({ check: SetupCheck });

export const stackChecksApi = router();

stackChecksApi.openapi(
  createRoute({
    method: "post",
    path: "/stacks/{id}/checks",
    middleware: [scope("operate")] as const,
    request: { params },
    responses: { 202: json(Answer, "Started, or why it could not be"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const stack = await findStack(c.var.db, id);
    if (stack === undefined || stack.deletedAt !== null) throw new ApiError("not_found", `there is no stack '${id}'`);
    const row = await startCheck(c.var.db, stack, driverContext(c.var.db, c.env));
    if (row === undefined)
      throw new ApiError(
        "conflict",
        `the driver '${stack.config.policy.driver}' starts nothing on a forge; set policy.driver to github-actions, forgejo-actions or gitlab-ci`,
      );
    return c.json({ check: view(row) }, 202);
  },
);

stackChecksApi.openapi(
  createRoute({
    method: "get",
    path: "/stacks/{id}/checks/latest",
    middleware: [scope("read")] as const,
    request: { params },
    responses: { 200: json(Answer, "The newest check, as it stands now"), ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const [stack, row] = await Promise.all([findStack(c.var.db, id), lastCheck(c.var.db, id)]);
    if (stack === undefined) throw new ApiError("not_found", `there is no stack '${id}'`);
    if (row === undefined)
      throw new ApiError("not_found", `'${id}' was not checked yet; start one with POST /stacks/${id}/checks`);
    return c.json({ check: view(await lookAtCheck(c.var.db, row, stack.config, driverContext(c.var.db, c.env))) }, 200);
  },
);

function view({ surface: _surface, reason, provedAs, ...row }: SetupCheckRow): SetupCheck {
  return { ...row, ...(reason === null ? {} : { reason }), ...(provedAs === null ? {} : { provedAs }) };
}
