/**
 * What a proposal or issue tells a person to do: only what fits how the attempt stands.
 *
 * @module
 */
import { isMaintenance } from "../contract/attempt.ts";
import type { ReviewFacts } from "./review.ts";
import { codeSpan } from "./upstream-text.ts";

/** Beginning of a candidate's proposal. */
export function candidateLead({ stackId, attemptId, onto, comments }: ReviewFacts): string {
  const lead =
    `The patches of \`${stackId}\`, carried onto ${codeSpan(onto)}. Look at it here; ` +
    `merging it would tie the old base to the new one, so land it with \`patch.moi land ${attemptId}\`.`;
  return comments ? `${lead}\n\n${inComments(["land", "replay", "pause"])}` : lead;
}

/** Beginning of the issue about an attempt that needs a person. */
export function helpLead(facts: ReviewFacts): string {
  const { stackId, attemptId, onto, branch, operation, reason, comments } = facts;
  const what = {
    land: `could not be landed on ${codeSpan(branch)}`,
    promote: "could not be promoted",
    other: `could not be carried onto ${codeSpan(onto)}`,
  }[operation === "land" || operation === "promote" ? operation : "other"];
  const { command, words } = wayOn(facts);
  const parts = [
    `\`${stackId}\` ${what} without a person: ${reason?.code ?? "needs_intervention"}.`,
    ...(reason === null ? [] : [codeSpan(reason.message.slice(0, 1000))]),
    // Ours, and to be copied: nothing in it is made harmless.
    ["```", `patch.moi show ${attemptId}`, command, `patch.moi dismiss ${attemptId} --note "left"`, "```"].join("\n"),
    words,
  ];
  if (comments) parts.push(inComments(isMaintenance(operation) ? ["resume", "retry", "pause"] : ["resume", "pause"]));
  return parts.join("\n\n");
}

/** `--local` puts conflicts before a person: there are some only where a replay was made. */
function wayOn({ attemptId, landsAttemptId, operation, report }: ReviewFacts): { command: string; words: string } {
  if (operation === "land")
    return {
      command: `patch.moi resume ${attemptId} --note "looked at it"`,
      words: `\`resume\` lands ${landsAttemptId === null ? "it" : `\`${landsAttemptId}\``} all the same, once you have looked at what stops it; \`dismiss\` leaves the branch as it is.`,
    };
  if (isMaintenance(operation) && report !== undefined)
    return {
      command: `patch.moi resume ${attemptId} --local`,
      words:
        "`resume --local` puts the replay and its conflicts before you with your own tools and reports what you made of them; " +
        "`dismiss` says that nothing will be done.",
    };
  return {
    command: `patch.moi resume ${attemptId} --note "mended"`,
    words: "Mend what the reason names, then `resume` tries again; `dismiss` says that nothing will be done.",
  };
}

const MEANING = {
  land: "moves the maintained branch to it",
  replay: "carries the patches anew",
  retry: "tries again from the beginning",
  resume: "goes on, as above",
  pause: "hands out no more work of this stack, until `/patch.moi unpause`",
} as const;

function inComments(words: readonly (keyof typeof MEANING)[]): string {
  const said = words.map((word) => `\`/patch.moi ${word}\` ${MEANING[word]}`);
  return `Who may write here can ask for it in a comment too: ${said.join("; ")}.`;
}
