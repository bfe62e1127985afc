/**
 * What `run event` and its relatives do with an event: show what it would start, record it, hand it to
 * the server, or do its work here.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { z } from "@hono/zod-openapi";
import { type Command, Option } from "commander";
import { FlowEvent, type FlowEventInput } from "../../worker/contract/flow-event.ts";
import { CommandFailure, usageFailure } from "../client/command-failure.ts";
import type { Session } from "../client/session.ts";
import { readWorkspace } from "../flow/flow-package.ts";
import { matchEvent } from "../flow/match-event.ts";
import type { PackageEvent } from "../flow/package-event.ts";
import { prepareStep } from "../flow/run-step.ts";
import { type GivenEvent, requireInput } from "./event-file.ts";
import { runEventLocally } from "./local-event.ts";
import { runFlowsLocally } from "./local-flows.ts";

const DEFAULT_CONFIG = "patch-moi.json";

export type HandOptions = {
  stack?: string;
  config?: string;
  workspace?: string;
  dryRun?: boolean;
  recordOnly?: boolean;
  local?: boolean;
  push?: boolean;
};

export function addHandOptions(command: Command): Command {
  return command
    .option("--stack <id>", "hand it to this stack, whatever its source says")
    .addOption(
      new Option(
        "--dry-run",
        "print what would be sent and which steps of flow packages match; nothing runs",
      ).conflicts(["recordOnly", "local"]),
    )
    .addOption(new Option("--record-only", "record it at the server and start no work").conflicts(["stack", "local"]))
    .option("--local", "do the work on this machine, with no server")
    .option("--config <file>", `with --local: where the stack is declared (${DEFAULT_CONFIG})`)
    .option("--workspace <dir>", "where the flow packages are (PATCH_MOI_FLOWS, else this folder)")
    .option("--push", "with --local: push the candidate too");
}

export async function handEvent(session: Session, event: GivenEvent, options: HandOptions): Promise<void> {
  if (options.push === true && options.local !== true) throw usageFailure("--push goes with --local");
  const workspace = options.workspace ?? (process.env.PATCH_MOI_FLOWS || ".");
  if (options.dryRun === true) return dryRun(session, event, options, workspace);
  if (options.local !== true) return send(session, bodyOf(requireInput(event), options));
  const config =
    options.config ?? (options.stack !== undefined || existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined);
  // Without a declared stack the flow packages are all there is.
  if (
    config === undefined ||
    (options.workspace !== undefined && options.stack === undefined && options.config === undefined)
  )
    return runFlowsLocally(session, event.seen, { workspace, push: options.push === true });
  return runEventLocally(session, requireInput(event), { ...options, config, workspace });
}

async function send(session: Session, body: FlowEventInput): Promise<void> {
  const answer = z.object({ event: FlowEvent, accepted: z.boolean() });
  const request = { method: "POST" as const, path: ["flow-events"], body, answer };
  const sent = await session.watch("sending the event", session.api().request(request));
  session.answer(sent.raw, () => {
    const { event: stored, accepted } = sent.value;
    const to =
      stored.stackIds.length === 0 ? "recorded, handed to no stack" : `handed to ${stored.stackIds.join(", ")}`;
    return `${stored.id}: ${accepted ? to : `known already; ${to}`}`;
  });
}

/** Without source and stacks the server records an event and hands it to nobody. */
function bodyOf(event: FlowEventInput, options: HandOptions): FlowEventInput {
  if (options.recordOnly === true) {
    const { sourceId: _source, stackIds: _stacks, ...rest } = event;
    return rest;
  }
  return options.stack === undefined ? event : { ...event, stackIds: [options.stack] };
}

function dryRun(session: Session, event: GivenEvent, options: HandOptions, folder: string): void {
  const body = event.input === undefined ? undefined : bodyOf(event.input, options);
  const found = matchesIn(folder, event.seen);
  const document = { method: "POST", path: "/flow-events", body, event: event.seen, ...found };
  session.answer(document, () => {
    const to = body === undefined ? "could not be sent to a server" : `would go to ${receivers(body)}`;
    const steps = found.matches.map(
      (match) =>
        `  ${match.flow}/${match.step} (${match.runner}${match.installed ? ", installed" : ""})${match.problem === undefined ? "" : `: would not run: ${match.problem}`}`,
    );
    const passed = found.passedOver.map(({ flow, step, why }) => `  ${flow}/${step} does not: ${why}`);
    const heading =
      steps.length === 0
        ? `no step of flow packages in ${folder} matches`
        : `matching steps of flow packages in ${folder}:`;
    return [`${event.seen.id} (${event.seen.type}) ${to}`, heading, ...steps, ...passed, "not sent (--dry-run)"].join(
      "\n",
    );
  });
}

function receivers(body: FlowEventInput): string {
  return (
    body.stackIds?.join(", ") ?? (body.sourceId === undefined ? "nobody" : `the stacks of source ${body.sourceId}`)
  );
}

function matchesIn(folder: string, event: PackageEvent) {
  const workspace = readWorkspace(folder);
  if (workspace === undefined) throw usageFailure(`the workspace '${folder}' is no folder; name one with --workspace`);
  const [broken] = workspace.broken;
  if (broken !== undefined) throw new CommandFailure("flow_package_invalid", `${broken.file}: ${broken.problem}`);
  const { matched, passedOver, unusable } = matchEvent(workspace, event);
  const [bad] = unusable;
  if (bad !== undefined) throw new CommandFailure("flow_package_invalid", `${bad.flow}/${bad.step}: ${bad.why}`);
  const matches = matched.map((match) => {
    const { package: flow, step } = match;
    const prepared = prepareStep(match, process.env);
    return {
      flow: flow.manifest.name,
      version: flow.manifest.version,
      step: step.name,
      runner: step.runner,
      installed: flow.installed,
      ...(prepared.ok ? {} : { problem: prepared.problem }),
    };
  });
  return { workspace: workspace.root, matches, passedOver };
}
