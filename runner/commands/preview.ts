/**
 * `patch.moi preview`: what a feed would become, without storing anything.
 *
 * @module
 */
import type { Command } from "commander";
import { FeedEventKind, Provider } from "../../worker/contract/feed-source.ts";
import { Preview } from "../../worker/contract/preview.ts";
import { colors } from "../client/colors.ts";
import { usageFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { count, cut, table } from "../client/table.ts";
import { readInput } from "./input-file.ts";
import { examples } from "./list.ts";

export function registerPreview(program: Command): void {
  program
    .command("preview")
    .description("say what a feed would become: entries, signals, events; stores nothing")
    .argument("<url-or-file>", "address of a feed, a file, or - for standard input")
    .option("--provider <provider>", Provider.options.join(", "))
    .option("--event <kind>", FeedEventKind.options.join(", "))
    .option("--stack <stack>", "show what this stack's release policy says of each entry")
    .addHelpText(
      "after",
      examples([
        "preview https://github.com/honojs/hono/releases.atom",
        "preview feed.xml --provider gitlab --event tag --json",
        "preview https://github.com/honojs/hono/releases.atom --stack web",
      ]),
    )
    .action(async (from: string, options: { provider?: string; event?: string; stack?: string }, self: Command) => {
      const session = Session.of(self);
      const body = {
        ...what(from),
        provider: choice(Provider.options, "--provider", options.provider),
        event: choice(FeedEventKind.options, "--event", options.event),
        stack: options.stack,
      };
      const request = { method: "POST" as const, path: ["feed-sources", "preview"], body, answer: Preview };
      const answer = await session.watch("reading the feed", session.api().request(request));
      session.answer(answer.raw, () => describe(answer.value));
    });
}

function what(from: string): { url: string } | { body: string } {
  return /^https?:\/\//i.test(from) ? { url: from } : { body: readInput(from) };
}

function choice<T extends string>(known: readonly T[], option: string, value: string | undefined): T | undefined {
  if (value === undefined) return undefined;
  const found = known.find((one) => one === value);
  if (found === undefined) throw usageFailure(`${option} is one of ${known.join(", ")}`);
  return found;
}

function describe(preview: Preview): string {
  const parts = [`${colors.bold(preview.title ?? "(no title)")}  ${preview.format}`];
  const entries = preview.entries.map((entry) => [
    entry.tag ?? entry.ref ?? entry.advisory?.id ?? entry.sha?.slice(0, 12) ?? "-",
    cut(entry.title ?? "-", 40),
    entry.publishedAt?.slice(0, 10) ?? entry.updatedAt?.slice(0, 10) ?? "-",
    entry.prerelease === true ? "prerelease" : (entry.advisory?.severity ?? ""),
  ]);
  parts.push(entries.length === 0 ? "no entries" : table(["TAG, REF OR COMMIT", "TITLE", "DATE", ""], entries));
  const judged = preview.signals.flatMap(({ tag, entryId, decisions }) =>
    decisions.map(({ stackId, pass, message }) => [tag ?? entryId, stackId, pass ? "takes it" : "leaves it", message]),
  );
  if (judged.length > 0) parts.push(table(["MOVEMENT", "STACK", "DECISION", "WHY"], judged));
  for (const warning of preview.warnings) parts.push(colors.yellow(`warning: ${warning}`));
  const { entries: read, events } = preview;
  parts.push(`${count(read.length, "entry", "entries")} would make ${count(events.length, "event")}`);
  return parts.join("\n");
}
