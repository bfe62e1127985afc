/**
 * An event's work on this machine, with no server: the same engine as a runner's, nothing pushed
 * unless asked.
 *
 * @module
 */
import { Configuration } from "../../worker/contract/configuration.ts";
import type { FlowEventInput } from "../../worker/contract/flow-event.ts";
import type { AttemptResult, JobEnvelope } from "../../worker/contract/runner-wire.ts";
import { CommandFailure, usageFailure } from "../client/command-failure.ts";
import type { Session } from "../client/session.ts";
import { statusWord } from "../client/table.ts";
import { openDataHome } from "../job/data-home.ts";
import { performJob } from "../job/perform-job.ts";
import { environmentSecrets, makeRedactor } from "../job/redact.ts";
import { reportLines } from "./attempt-text.ts";
import { readDocument } from "./document-file.ts";
import { stopOnSignals } from "./stop-signals.ts";

export type LocalEventOptions = { stack?: string; config: string; workspace: string; push?: boolean };

export async function runEventLocally(
  session: Session,
  event: FlowEventInput,
  options: LocalEventOptions,
): Promise<void> {
  const stack = pickStack(readDocument(options.config, Configuration), event, options);
  const envelope = localEnvelope(stack, event);
  const signals = stopOnSignals((line) => session.say(line));
  const tools = {
    home: openDataHome(session.settings.home),
    signal: signals.stop,
    progress: () => {},
    log: (text: string) => (session.settings.json ? undefined : session.say(text)),
    redact: makeRedactor(environmentSecrets(process.env)),
    push: options.push === true,
  };
  const work = performJob(envelope, tools, { ...process.env, PATCH_MOI_FLOWS: options.workspace });
  const result = await session.watch(`carrying ${stack.id} onto ${envelope.onto.ref}`, work).finally(signals.dispose);
  answerResult(session, result, options.push === true);
}

/** Prints it; throws a {@link CommandFailure} for an end that is none to be content with. */
export function answerResult(session: Session, result: AttemptResult, pushed: boolean): void {
  session.answer(result, () => describeResult(result, pushed));
  if (!["changed", "completed", "skipped"].includes(result.outcome))
    throw new CommandFailure(
      result.reason?.code ?? result.outcome,
      result.reason?.message ?? `ended ${result.outcome}`,
    );
}

type DeclaredStack = Configuration["stacks"][number];

function pickStack(configuration: Configuration, event: FlowEventInput, options: LocalEventOptions): DeclaredStack {
  const { stacks } = configuration;
  const wanted = options.stack ?? (event.stackIds?.length === 1 ? event.stackIds[0] : undefined);
  const found =
    wanted === undefined ? (stacks.length === 1 ? stacks[0] : undefined) : stacks.find(({ id }) => id === wanted);
  if (found !== undefined) return found;
  const declared = stacks.map(({ id }) => id).join(", ") || "none";
  throw usageFailure(
    wanted === undefined
      ? `name the stack with --stack; ${options.config} declares ${declared}`
      : `${options.config} does not declare stack '${wanted}'; it declares ${declared}`,
  );
}

/** The envelope that a server would hand out for this event, as the first attempt of the stack. */
export function localEnvelope(stack: DeclaredStack, event: FlowEventInput): JobEnvelope {
  const { entry } = event.payload;
  const ref = entry.tag ?? entry.ref ?? entry.sha;
  if (ref === undefined) throw usageFailure("the event names no tag, ref or sha to carry the stack onto");
  const name = (entry.tag ?? entry.ref ?? ref.slice(0, 12)).replace(/^refs\/(?:heads|tags)\//, "");
  const { stackIds: _, ...rest } = event;
  const distant = new Date(Date.now() + 86_400_000).toISOString();
  return {
    v: 1,
    attemptId: `${stack.id}.local`,
    epoch: 1,
    nonce: "local-local-local",
    number: 1,
    operation: "maintain",
    replay: false,
    event: { ...rest, receivedAt: new Date().toISOString() },
    stack,
    onto: { ref, sha: entry.sha },
    candidateRef: stack.policy.candidateRef
      .replaceAll("<stackId>", stack.id)
      .replaceAll("<tag>", name)
      .replaceAll("<attempt>", "local"),
    callbackKey: "",
    leaseUntil: distant,
    deadlineAt: distant,
    heartbeatSeconds: 30,
  };
}

function describeResult(result: AttemptResult, pushed: boolean): string {
  const lines = [statusWord(result.outcome)];
  for (const candidate of result.candidates)
    lines.push(`${pushed ? "pushed" : "would push"} ${candidate.ref} at ${candidate.oid}`);
  for (const step of result.steps ?? [])
    lines.push(`${step.flow}/${step.step}  ${statusWord(step.status)}  ${step.message}`);
  if (result.report !== undefined) lines.push(...reportLines(result.report));
  return lines.join("\n");
}
