/**
 * Entry of the Worker: HTTP, cron and queue, and the object class.
 *
 * @module
 */
import { createApp } from "./app.ts";

export { PatchStack } from "../durable-objects/patch-stack.ts";

const app = createApp();

export default {
  fetch: app.fetch,
} satisfies ExportedHandler<Env>;
