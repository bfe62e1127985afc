/**
 * How much an upstream commit looks like a patch: for proposing "this may be yours, with a tweak".
 *
 * @module
 */
import { distance } from "fastest-levenshtein";
import type { Commit } from "./commit.ts";
import type { ChangedLines, CommitDiff } from "./commit-diffs.ts";
import { commonShare } from "./line-sets.ts";
import type { UpstreamCommitInfo } from "./upstream-history.ts";
import { upstreamTag, withoutTag } from "./upstream-tag.ts";

/** From here on a likeness is worth telling. An unrelated edit of the same line alone makes 0.5. */
export const LIKELY = 0.6;

/** Characters compared: edit distance is quadratic. */
const MAX_COMPARED = 2_000;

/** 0 to 1. Certain when the commit names the patch, or has its author and author date, or its subject. */
export function likeness(
  patch: Commit,
  patchDiff: CommitDiff | undefined,
  upstream: UpstreamCommitInfo,
  upstreamDiff: CommitDiff | undefined,
): number {
  if (upstream.message.includes(`(cherry picked from commit ${patch.oid})`)) return 1;
  const tag = upstreamTag(patch.subject);
  if (tag?.rule === "pull_request" && new RegExp(`#${tag.number}(?!\\d)`).test(upstream.message)) return 1;
  const sameAuthor = upstream.author === `${patch.author.name} <${patch.author.email}>`;
  if (sameAuthor && upstream.authoredSeconds === patch.author.seconds && patch.author.seconds > 0) return 0.95;
  const subject = withoutTag(patch.subject);
  if (subject !== "" && (upstream.subject === subject || upstream.subject.startsWith(`${subject} (#`))) return 0.9;
  return linesLikeness(patchDiff, upstreamDiff);
}

/** Mean likeness of the files that both change. */
function linesLikeness(a: CommitDiff | undefined, b: CommitDiff | undefined): number {
  let sum = 0;
  let files = 0;
  for (const [path, ours] of a?.lines ?? []) {
    const theirs = b?.lines.get(path);
    if (theirs === undefined) continue;
    sum += fileLikeness(ours, theirs);
    files += 1;
  }
  return files === 0 ? 0 : sum / files;
}

function fileLikeness(a: ChangedLines, b: ChangedLines): number {
  return 0.5 * commonShare(a.removed, b.removed) + 0.5 * textLikeness([...a.added].join("\n"), [...b.added].join("\n"));
}

/** 1 for equal texts, 0 for texts that have nothing in common. */
export function textLikeness(a: string, b: string): number {
  const [x, y] = [a.slice(0, MAX_COMPARED), b.slice(0, MAX_COMPARED)];
  const longest = Math.max(x.length, y.length);
  return longest === 0 ? 0 : 1 - distance(x, y) / longest;
}
