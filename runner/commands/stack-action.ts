/**
 * What pause and unpause have in common.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import type { Command } from "commander";
import { Stack } from "../../worker/contract/stack.ts";
import { Session } from "../client/session.ts";
import { examples } from "./list.ts";

export function registerStackAction(program: Command, action: "pause" | "unpause", description: string): void {
  program
    .command(action)
    .description(description)
    .argument("<stack>", "stack id")
    .addHelpText("after", examples([`${action} web`]))
    .action(async (id: string, _options: unknown, self: Command) => {
      const session = Session.of(self);
      const answer = await session
        .api()
        .request({ method: "POST", path: ["stacks", id, action], answer: z.object({ stack: Stack }) });
      session.answer(answer.raw, () => `stack ${id} is ${answer.value.stack.paused ? "paused" : "not paused"}`);
    });
}
