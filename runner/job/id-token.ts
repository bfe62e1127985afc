/**
 * The ID token that a forge gives the job this runs in.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { CommandFailure } from "../client/command-failure.ts";
import { exchange, parseJson } from "../client/http.ts";
import type { Environment } from "../client/settings.ts";

const Answer = z.object({ value: z.string().min(1) });

/** GitHub and Forgejo give one on request, for an audience; GitLab puts it into a variable. */
export async function idToken(env: Environment, audience: URL): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: address, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer, PATCH_MOI_ID_TOKEN } = env;
  if (PATCH_MOI_ID_TOKEN) return PATCH_MOI_ID_TOKEN;
  if (!address || !bearer || !URL.canParse(address))
    throw new CommandFailure(
      "no_id_token",
      "this job may not ask for an ID token; give it `permissions: id-token: write` (GitHub), `enable-openid-connect: true` (Forgejo) or `id_tokens: PATCH_MOI_ID_TOKEN` (GitLab)",
      2,
    );
  const url = new URL(address);
  url.searchParams.set("audience", audience.origin);
  const headers = { authorization: `Bearer ${bearer}`, accept: "application/json" };
  const sent = await exchange({ method: "GET", url, headers, timeoutMs: 30_000 });
  const value = sent.ok && sent.answer.status === 200 ? Answer.safeParse(parseJson(sent.answer.text)).data : undefined;
  if (value === undefined)
    throw new CommandFailure(
      "no_id_token",
      `the forge gave no ID token: ${sent.ok ? `it answered ${sent.answer.status}` : sent.fault.message}`,
    );
  return value.value;
}
