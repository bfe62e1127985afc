/**
 * `patch.moi tick`: what the server's cron does every minute, now.
 *
 * @module
 */
import type { Command } from "commander";
import { Tick } from "../../worker/contract/health.ts";
import { colors } from "../client/colors.ts";
import { CommandFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { count } from "../client/table.ts";
import { examples } from "./list.ts";

export function registerTick(program: Command): void {
  program
    .command("tick")
    .description("do now what the server's cron does every minute")
    .addHelpText("after", examples(["tick", "tick --json"]))
    .action(async (_options: unknown, self: Command) => {
      const session = Session.of(self);
      const request = { method: "POST", path: ["tick"], answer: Tick } as const;
      const { raw, value } = await session.watch("ticking", session.api().request(request));
      session.answer(raw, () => describe(value));
      if (value.failed.length > 0)
        throw new CommandFailure("tick_failed", `${value.failed.join("; ")}; the cron tries again every minute`);
    });
}

function describe({ polls, pokes, failed }: Tick): string {
  const done = `${count(polls, "poll")} queued, ${count(pokes, "stack")} woken`;
  return failed.length > 0 ? done : colors.green(done);
}
