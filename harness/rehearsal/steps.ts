/**
 * The eight steps: upstream's life, and what patch.moi must make of each turn of it.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AttemptDetail, MaintenanceAttempt } from "../../worker/contract/attempt.ts";
import { BANNER_PATCH, IDLE_PATCH, LIMIT_PATCH, PATCHES, VERIFY_COMMAND } from "../upstream-life/lantern.ts";
import { BRANCH } from "../upstream-life/life.ts";
import { candidateFacts, candidateOf, counted, landed, MAINTAINED, outcomeOf } from "./evidence.ts";
import type { Facts } from "./facts.ts";
import type { Stage } from "./stage.ts";
import { attemptFor, eventFor, polledSince, settled } from "./waiting.ts";

export const STACK = "lantern";
export const SOURCE = "lantern-releases";

/** What later steps need to know of earlier ones. */
export type Story = { eventId: string; attempt: MaintenanceAttempt; base: string };

export type Step = { name: string; play(stage: Stage, facts: Facts, story: Partial<Story>): Promise<void> };

export const STEPS: readonly Step[] = [
  { name: "1 the first poll primes and starts nothing", play: prime },
  { name: "2 a release that the stack follows cleanly", play: follow },
  { name: "3 replay gives the same object ids", play: replayGivesTheSame },
  { name: "4 land it; a replay then has nothing to do", play: landAndReplay },
  { name: "5 a release that holds one of the patches", play: upstreamTookOne },
  { name: "6 a conflict that a person resolves", play: conflict },
  { name: "7 a release whose verification fails", play: verificationFails },
  { name: "8 two releases in one poll", play: twoAtOnce },
];

async function prime(stage: Stage, facts: Facts): Promise<void> {
  const file = join(stage.folder, "patch-moi.json");
  const stack = {
    id: STACK,
    upstream: { url: stage.upstreamUrl },
    fork: { url: stage.forkUrl, ...stage.surface.fork },
    branch: BRANCH,
    policy: { verify: [VERIFY_COMMAND], ...stage.surface.policy },
  };
  const source = {
    id: SOURCE,
    provider: "github",
    url: stage.feedUrl,
    event: "release",
    target: { mode: "maintain", stacks: [STACK] },
    pollIntervalSeconds: 1,
  };
  writeFileSync(file, JSON.stringify({ stacks: [stack], sources: [source] }, null, 2));
  await stage.cli(["apply", "-f", file, "--yes"]);
  stage.narrator.say("operator", `applied ${file}: stack '${STACK}', source '${SOURCE}'`);
  await stage.surface.checked?.(stage, facts);
  const primed = await polledSince(stage, SOURCE, "");
  const later = await polledSince(stage, SOURCE, primed.health.lastPollAt ?? "");
  stage.narrator.say(
    "intake",
    `polled twice: ${primed.health.lastOutcome ?? "?"}, then ${later.health.lastOutcome ?? "?"}`,
  );
  facts.note("primed", true, primed.health.primed);
  facts.note("second poll", "not_modified", later.health.lastOutcome);
  const signals = await stage.api.signals(SOURCE);
  facts.note(
    "signals",
    ["v1.0.0 primed"],
    signals.map((signal) => `${signal.tag ?? ""} ${signal.disposition}`),
  );
  facts.note("events", 0, (await stage.api.events(STACK)).length);
  facts.note("attempts", 0, (await stage.api.attempts({ stackId: STACK })).length);
}

async function follow(stage: Stage, facts: Facts, story: Partial<Story>): Promise<void> {
  const release = await stage.life.releaseUnrelated("v1.1.0");
  stage.narrator.say("upstream", `released ${release.tag} at ${release.oid}`);
  const head = await stage.life.forkRef(MAINTAINED);
  const { detail, eventId } = await attemptOn(stage, release.tag);
  facts.note("status", "changed", detail.attempt.status);
  facts.note("onto", release.oid, detail.report?.onto.oid);
  facts.note("patches", "3 carried", counted(detail.report));
  await candidateFacts(stage, facts, detail, {
    tag: release.tag,
    tree: await stage.life.rebasedTree(head ?? "", release.tag),
    subjects: PATCHES.map((patch) => patch.subject),
  });
  facts.note("maintained branch untouched", head ?? "", await stage.life.forkRef(MAINTAINED));
  story.eventId = eventId;
  story.attempt = detail.attempt;
}

async function replayGivesTheSame(stage: Stage, facts: Facts, story: Partial<Story>): Promise<void> {
  const { eventId, attempt } = known(story);
  const first = candidateOf(attempt);
  const detail = await replay(stage, eventId);
  const again = candidateOf(detail.attempt);
  facts.note("operation", "replay", detail.attempt.operation);
  facts.note("status", "changed", detail.attempt.status);
  facts.note("same candidate", first?.ref ?? "", again?.ref);
  facts.note("same object id", first?.oid ?? "", again?.oid);
  facts.note("ref in the fork", first?.oid ?? "", await stage.life.forkRef(`refs/heads/patch-moi/${STACK}/v1.1.0`));
}

async function landAndReplay(stage: Stage, facts: Facts, story: Partial<Story>): Promise<void> {
  const { eventId, attempt } = known(story);
  await landed(stage, facts, attempt);
  const detail = await replay(stage, eventId);
  facts.note("replay after landing", "completed", detail.attempt.status);
  facts.note("its candidates", 0, detail.attempt.candidates.length);
}

async function upstreamTookOne(stage: Stage, facts: Facts): Promise<void> {
  const head = await stage.life.forkRef(MAINTAINED);
  const release = await stage.life.releaseWithPatch("v1.2.0");
  stage.narrator.say("upstream", `released ${release.tag}; it took '${IDLE_PATCH.subject}' as ${release.upstreamed}`);
  const { detail } = await attemptOn(stage, release.tag);
  facts.note("status", "changed", detail.attempt.status);
  facts.note("patches", "2 carried, 1 upstreamed", counted(detail.report));
  facts.note(`'${IDLE_PATCH.subject}'`, "upstreamed", outcomeOf(detail.report, IDLE_PATCH.subject));
  const taken = detail.report?.patches.find((patch) => patch.outcome === "upstreamed");
  facts.note("upstream's commit", release.upstreamed, taken?.upstreamOid);
  await candidateFacts(stage, facts, detail, {
    tag: release.tag,
    tree: await stage.life.rebasedTree(head ?? "", release.tag),
    subjects: [LIMIT_PATCH.subject, BANNER_PATCH.subject],
  });
  await landed(stage, facts, detail.attempt);
}

async function conflict(stage: Stage, facts: Facts): Promise<void> {
  const before = await stage.life.forkRef(MAINTAINED);
  const release = await stage.life.releaseConflicting("v1.3.0");
  stage.narrator.say("upstream", `released ${release.tag}, which touches what '${release.conflict.patch}' touches`);
  const { detail } = await attemptOn(stage, release.tag);
  const conflicted = detail.report?.patches.find((patch) => patch.outcome === "conflicted");
  facts.note("status", "needs_intervention", detail.attempt.status);
  facts.note("patches", "1 carried, 1 conflicted", counted(detail.report));
  facts.note("conflicting patch", release.conflict.patch, conflicted?.subject);
  facts.note("conflicting file", release.conflict.path, conflicted?.conflicts?.[0]?.path);
  facts.note("kind of conflict", "contents", conflicted?.conflicts?.[0]?.kind);
  facts.note("its reason names the file", true, detail.attempt.reason?.message.includes(release.conflict.path));
  facts.note("nothing pushed", null, await stage.life.forkRef(`refs/heads/patch-moi/${STACK}/${release.tag}`));
  facts.note("maintained branch untouched", before ?? "", await stage.life.forkRef(MAINTAINED));

  const branch = `resolved/${release.tag}`;
  const resolved = await stage.life.resolve(release.tag, branch, stage.personsForkUrl);
  stage.narrator.say("person", `rebased by hand and pushed ${branch} at ${resolved.oid}`);
  if (stage.surface.resolved !== undefined) return stage.surface.resolved(stage, facts, detail, resolved);
  const { id } = detail.attempt;
  await stage.cli(["resume", id, "--note", "Took our limit: the office needs it.", "--ref", branch]);
  const done = await settled(stage, id, detail.lastSeq);
  facts.note("after resume", "changed", done.attempt.status);
  facts.note("same attempt, new epoch", true, done.attempt.epoch > detail.attempt.epoch);
  await candidateFacts(stage, facts, done, {
    tag: release.tag,
    tree: resolved.tree,
    treeIs: "tree as the person left it",
    subjects: [LIMIT_PATCH.subject, BANNER_PATCH.subject],
  });
  await landed(stage, facts, done.attempt);
}

async function verificationFails(stage: Stage, facts: Facts): Promise<void> {
  const release = await stage.life.releaseBreakingVerification("v1.4.0");
  stage.narrator.say("upstream", `released ${release.tag}, whose test fails with '${release.failing}'`);
  const { detail } = await attemptOn(stage, release.tag);
  const failed = detail.report?.verify.findLast((run) => run.exitCode !== 0);
  const failing = detail.report?.patches.find(
    (patch) => patch.oid === detail.report?.firstFailingPatch || patch.newOid === detail.report?.firstFailingPatch,
  );
  facts.note("status", "needs_intervention", detail.attempt.status);
  facts.note("failed command", VERIFY_COMMAND, failed?.command);
  facts.note("its reason names the command", true, detail.attempt.reason?.message.includes(VERIFY_COMMAND));
  facts.note("first failing patch", release.failing, failing?.subject);
  facts.note("nothing pushed", null, await stage.life.forkRef(`refs/heads/patch-moi/${STACK}/${release.tag}`));

  const note = "Upstream loosens its test in the next release.";
  await stage.cli(["dismiss", detail.attempt.id, "--note", note]);
  const closed = await stage.api.attempt(detail.attempt.id);
  stage.narrator.timeline(closed.attempt.id, closed.timeline, detail.lastSeq);
  facts.note("after dismiss", "dismissed", closed.attempt.status);
  facts.note("the note is on the timeline", true, JSON.stringify(closed.timeline).includes(note));
}

async function twoAtOnce(stage: Stage, facts: Facts): Promise<void> {
  const head = await stage.life.forkRef(MAINTAINED);
  const [older, newer] = await stage.life.releaseTwice("v1.5.0", "v1.5.1");
  stage.narrator.say("upstream", `released ${older.tag} and ${newer.tag} at once`);
  const { detail } = await attemptOn(stage, newer.tag);
  facts.note("newer", "changed", detail.attempt.status);
  await candidateFacts(stage, facts, detail, {
    tag: newer.tag,
    tree: await stage.life.rebasedTree(head ?? "", newer.tag),
    subjects: [LIMIT_PATCH.subject, BANNER_PATCH.subject],
  });
  const { detail: passed } = await attemptOn(stage, older.tag);
  facts.note("older", "superseded", passed.attempt.status);
  facts.note("older gave way to", detail.attempt.id, passed.attempt.relatedAttemptId);
  facts.note("with a reason", true, passed.attempt.reason?.message.includes(newer.tag));
  facts.note("older pushed nothing", null, await stage.life.forkRef(`refs/heads/patch-moi/${STACK}/${older.tag}`));
}

async function attemptOn(
  stage: Stage,
  tag: string,
): Promise<{ eventId: string; detail: AttemptDetail & { lastSeq: number } }> {
  const event = await eventFor(stage, STACK, tag);
  const attempt = await attemptFor(stage, event.id);
  return { eventId: event.id, detail: await settled(stage, attempt.id) };
}

async function replay(stage: Stage, eventId: string): Promise<AttemptDetail> {
  const earlier = new Set((await stage.api.attempts({ eventId })).map((attempt) => attempt.id));
  await stage.cli(["replay", eventId]);
  stage.narrator.say("operator", `replays ${eventId}`);
  const fresh = (await stage.api.attempts({ eventId })).find((attempt) => !earlier.has(attempt.id));
  if (fresh === undefined) throw new Error(`the replay of ${eventId} made no attempt`);
  return settled(stage, fresh.id);
}

function known(story: Partial<Story>): { eventId: string; attempt: MaintenanceAttempt } {
  if (story.eventId === undefined || story.attempt === undefined) throw new Error("step 2 has not been played");
  return { eventId: story.eventId, attempt: story.attempt };
}
