/**
 * Entry of the Worker: HTTP, cron and queue, and the object class.
 *
 * @module
 */
import { createApp } from "./app.ts";
import { everyMinute } from "./cron.ts";
import { consumePolls } from "./intake/consume.ts";

export { PatchStack } from "../durable-objects/patch-stack.ts";

const app = createApp();

export default {
  fetch: app.fetch,
  scheduled: async (controller, env) => {
    await everyMinute(env, controller.scheduledTime);
  },
  queue: (batch, env) => consumePolls(batch, env),
} satisfies ExportedHandler<Env>;
