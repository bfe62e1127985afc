/**
 * The claim of a job whose run was started to check a set-up: once it is known who it is, the check is
 * proved and the job sent home. Who is not let in is told what everybody is told; the check keeps why.
 *
 * @module
 */
import type { Context } from "hono";
import type { AppEnv } from "../api/http.ts";
import type { CheckJob } from "../contract/runner-wire.ts";
import { stackOfCheck } from "../contract/setup-check.ts";
import { log } from "../platform/log.ts";
import { changeCheck, findCheck } from "../store/setup-checks.ts";
import { unauthenticated } from "./runner-answer.ts";

/** Longest reason that is kept, characters: part of it may be a stranger's words. */
const MAX_WHY = 500;

/** Answers a claim whose sender is known. `as`: what it is known as. */
export async function proveCheck(c: Context<AppEnv>, id: string, as: string): Promise<Response> {
  const stackId = stackOfCheck(id);
  const now = new Date().toISOString();
  const proved =
    stackId !== undefined &&
    ((await changeCheck(c.var.db, id, { state: "proved", provedAs: as, reason: null }, now)) ||
      // Repeated: the answer to the first may have been lost.
      (await findCheck(c.var.db, id))?.provedAs === as);
  if (stackId === undefined || !proved) return unauthenticated(c, `${id}: no check that waits`);
  log("info", "setup.proved", { stackId, check: id, as });
  const answer: CheckJob = { v: 1, kind: "check", stackId, provedAs: as };
  return c.json(answer, 200);
}

/** Keeps why a job was not let in, where a check waits for one. Changes nothing of what the job is told. */
export async function noteRefusal(c: Context<AppEnv>, id: unknown, why: string): Promise<void> {
  if (typeof id !== "string" || stackOfCheck(id) === undefined) return;
  const reason = { code: "job_refused", message: `a job came and was not let in: ${why}`.slice(0, MAX_WHY) };
  await changeCheck(c.var.db, id, { reason }, new Date().toISOString());
}
