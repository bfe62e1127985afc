/**
 * `patch.moi redrive`: sends a dead letter again.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { Command } from "commander";
import { Intervention } from "../../worker/contract/intervention.ts";
import { Session } from "../client/session.ts";
import { examples } from "./list.ts";

export function registerRedrive(program: Command): void {
  program
    .command("redrive")
    .description("try a given-up notification or other effect again (a dead letter)")
    .argument("<id>", "id of the dead letter, as `patch.moi interventions` lists it")
    .addHelpText("after", examples(["redrive effect:web.12.4"]))
    .action(async (id: string, _options: unknown, self: Command) => {
      const session = Session.of(self);
      const request = {
        method: "POST" as const,
        path: ["interventions", id, "redrive"],
        answer: z.object({ intervention: Intervention }),
      };
      const answer = await session.watch(`redriving ${id}`, session.api().request(request));
      session.answer(
        answer.raw,
        () => `${answer.value.intervention.id} is tried again; see \`patch.moi interventions\``,
      );
    });
}
