/**
 * What the Worker's log says, as facts: from the events of `wrangler tail` and from plain log lines.
 *
 * @module
 */
import { z } from "zod";

export const LEVELS = ["info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

/** One log line of the Worker's own vocabulary; see docs/reference/log-events.md. */
export type Fact = { at: string; level: Level; name: string; fields: Readonly<Record<string, unknown>> };

const Line = z.looseObject({
  at: z.string(),
  level: z.enum(LEVELS),
  name: z.string(),
});

/** Of what the platform tells about one invocation, the part that is read here. */
const TailEvent = z.object({
  outcome: z.string(),
  eventTimestamp: z.number().nullish(),
  logs: z.array(z.object({ message: z.array(z.unknown()), level: z.string(), timestamp: z.number() })),
  exceptions: z.array(
    z.object({ name: z.string(), message: z.unknown(), timestamp: z.number(), stack: z.string().optional() }),
  ),
});

/** The facts in one JSON object of the stream; nothing for what says nothing of ours. */
export function factsOf(document: unknown): Fact[] {
  const line = Line.safeParse(document);
  if (line.success) {
    const { at, level, name, ...fields } = line.data;
    return [{ at, level, name, fields }];
  }
  const event = TailEvent.safeParse(document);
  if (!event.success) return [];
  const { outcome, logs, exceptions, eventTimestamp } = event.data;
  const facts = logs.flatMap(({ message, level, timestamp }) => logged(message, level, timestamp));
  for (const { name, message, stack, timestamp } of exceptions)
    facts.push(platform("worker.exception", timestamp, { error: `${name}: ${String(message)}`, stack }));
  // What ended badly without an exception: too much CPU or memory, or cut off.
  if (!["ok", "canceled", "exception"].includes(outcome))
    facts.push(platform("worker.outcome", eventTimestamp ?? Date.now(), { outcome }));
  return facts;
}

function logged(message: readonly unknown[], level: string, timestamp: number): Fact[] {
  const [first] = message;
  if (typeof first === "string" && first.startsWith("{")) {
    const parsed = json(first);
    const line = Line.safeParse(parsed);
    if (line.success) return factsOf(parsed);
  }
  const text = message.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" ");
  const known = level === "error" || level === "warn" ? level : "info";
  return [{ at: new Date(timestamp).toISOString(), level: known, name: "worker.log", fields: { message: text } }];
}

function platform(name: string, timestamp: number, fields: Record<string, unknown>): Fact {
  return { at: new Date(timestamp).toISOString(), level: "error", name, fields };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Whether a fact is to be shown. Of one stack: what names it, or one of its attempts. */
export function wanted(fact: Fact, level: Level, stack: string | undefined): boolean {
  if (LEVELS.indexOf(fact.level) < LEVELS.indexOf(level)) return false;
  if (stack === undefined) return true;
  const { stackId, attemptId } = fact.fields;
  return stackId === stack || (typeof attemptId === "string" && attemptId.startsWith(`${stack}.`));
}
