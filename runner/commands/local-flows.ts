/**
 * The flow packages of a workspace on this machine, for an event and without a stack or a server.
 *
 * @module
 */
import type { Session } from "../client/session.ts";
import type { PackageEvent } from "../flow/package-event.ts";
import { runFlows } from "../flow/run-flows.ts";
import { openDataHome } from "../job/data-home.ts";
import { environmentSecrets, makeRedactor } from "../job/redact.ts";
import { answerResult } from "./local-event.ts";
import { stopOnSignals } from "./stop-signals.ts";

export async function runFlowsLocally(
  session: Session,
  event: PackageEvent,
  options: { workspace: string; push: boolean },
): Promise<void> {
  const signals = stopOnSignals((line) => session.say(line));
  const work = runFlows({
    workspace: options.workspace,
    event,
    runtime: { eventId: event.id, runId: "local", attemptId: "local", replay: false, push: options.push },
    tools: {
      home: openDataHome(session.settings.home),
      signal: signals.stop,
      progress: () => {},
      log: (text) => (session.settings.json ? undefined : session.say(text)),
      redact: makeRedactor(environmentSecrets(process.env)),
      push: options.push,
    },
    env: process.env,
  });
  const result = await session.watch(`running flow packages for ${event.id}`, work).finally(signals.dispose);
  answerResult(session, result, options.push);
}
