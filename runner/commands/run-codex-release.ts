/**
 * `patch.moi run codex-release`: the event of a release of openai/codex, made by hand.
 *
 * @module
 */
import { type Command, InvalidArgumentError } from "commander";
import { flowEventId } from "../../worker/contract/flow-event.ts";
import { isRefName } from "../../worker/contract/primitives.ts";
import { Session } from "../client/session.ts";
import { ofInput } from "./event-file.ts";
import { addHandOptions, type HandOptions, handEvent } from "./hand-event.ts";
import { examples } from "./list.ts";

type CodexReleaseOptions = HandOptions & { tag: string; repo: string };

export function registerRunCodexRelease(run: Command): void {
  const command = run
    .command("codex-release")
    .description("make the event of a Codex release, and hand it on as `run event` does")
    .requiredOption("--tag <tag>", "the release's tag, as rust-v0.130.0", parseTag)
    .option("--repo <owner/name>", "the repository on GitHub", parseRepository, "openai/codex");
  addHandOptions(command)
    .addHelpText(
      "after",
      examples([
        "run codex-release --tag rust-v0.130.0 --dry-run",
        "run codex-release --tag rust-v0.130.0 --stack codex",
        "run codex-release --tag rust-v0.130.0 --local --workspace .",
      ]),
    )
    .action((options: CodexReleaseOptions, self: Command) => {
      const { tag, repo } = options;
      const [owner = "", name = ""] = repo.split("/");
      const webUrl = `https://github.com/${repo}`;
      const event = {
        id: flowEventId(repo, tag, "upstream.release"),
        type: "upstream.release",
        payload: {
          provider: "github" as const,
          repo: { owner, name, fullName: repo, webUrl },
          entry: { entryId: tag, tag },
        },
      };
      return handEvent(Session.of(self), ofInput(event), options);
    });
}

function parseTag(text: string): string {
  if (!isRefName(text)) throw new InvalidArgumentError("it is not a name that git accepts for a tag");
  return text;
}

function parseRepository(text: string): string {
  if (!/^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/.test(text)) throw new InvalidArgumentError("give it as owner/name");
  return text;
}
