/**
 * Forgejo and Gitea: https://forgejo.org/docs/latest/user/webhooks/
 *
 * @module
 */
import { readEvent } from "./github.ts";
import { type ForgeReader, hmacHolds } from "./message.ts";

const either = (headers: Headers, name: string): string | undefined =>
  headers.get(`x-forgejo-${name}`) ?? headers.get(`x-gitea-${name}`) ?? undefined;

export const forgejo: ForgeReader = {
  deliveryId: (headers) => either(headers, "delivery"),
  signed: (secret, headers, body) => hmacHolds(secret, either(headers, "signature"), body),
  read: (headers, body) => {
    const event = either(headers, "event") ?? "";
    // Their names for what GitHub calls workflow runs.
    return readEvent(event.startsWith("action_run") ? "workflow_run" : event, body);
  },
};
