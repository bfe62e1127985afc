/**
 * `/feed-sources/:id/webhook-secret`: lets a forge tell a source's movements as they happen.
 *
 * @module
 */
import { createRoute, z } from "@hono/zod-openapi";
import { newKeyId, webhookSecret } from "../auth/derived-keys.ts";
import { Name } from "../contract/primitives.ts";
import { setWebhookKey } from "../store/feed-sources.ts";
import { ApiError, json, refusals, router, scope } from "./http.ts";

const params = z.object({ id: Name });

const WebhookCreated = z
  .object({
    /** Where the forge sends to. */
    url: z.url(),
    secret: z.string(),
  })
  .openapi("WebhookCreated");

export const feedSourceWebhookApi = router();

feedSourceWebhookApi.openapi(
  createRoute({
    method: "post",
    path: "/feed-sources/{id}/webhook-secret",
    middleware: [scope("admin")] as const,
    request: { params },
    responses: {
      200: json(WebhookCreated, "A new secret, shown this once; the one before is worth nothing from now on"),
      ...refusals,
    },
  }),
  async (c) => {
    const { signingKey, publicOrigin } = c.var.settings;
    if (signingKey === undefined)
      throw new ApiError("not_configured", "webhooks cannot be signed: set the secret PATCH_SIGNING_KEY");
    const { id } = c.req.valid("param");
    const keyId = await newKeyId(signingKey);
    if (!(await setWebhookKey(c.var.db, id, keyId))) throw notFound(id);
    const origin = publicOrigin ?? new URL(c.req.url).origin;
    return c.json({ url: `${origin}/webhooks/forge/${id}`, secret: await webhookSecret(signingKey, id, keyId) }, 200);
  },
);

feedSourceWebhookApi.openapi(
  createRoute({
    method: "delete",
    path: "/feed-sources/{id}/webhook-secret",
    middleware: [scope("admin")] as const,
    request: { params },
    responses: { 204: { description: "Its webhook is refused from now on; it is polled as before" }, ...refusals },
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    if (!(await setWebhookKey(c.var.db, id, null))) throw notFound(id);
    return c.body(null, 204);
  },
);

function notFound(id: string): ApiError {
  return new ApiError("not_found", `there is no feed source '${id}'`);
}
