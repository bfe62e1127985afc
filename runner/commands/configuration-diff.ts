/**
 * What applying a configuration would change: pure, so that what is shown is what is done.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import type { Configuration } from "../../worker/contract/configuration.ts";
import type { FeedSource } from "../../worker/contract/feed-source.ts";
import { FeedSourceConfig, ownStackTarget, stacksFed } from "../../worker/contract/feed-source.ts";
import { type Stack, StackConfig } from "../../worker/contract/stack.ts";

/** One field, as a path and the JSON before and after; absent is absent. */
export type FieldChange = { field: string; from?: string; to?: string };

export type Change = {
  kind: "stack" | "source";
  id: string;
  action: "create" | "update" | "delete";
  fields: FieldChange[];
  /** What to PUT. */
  config?: StackConfig | FeedSourceConfig;
};

export type Current = { stacks: readonly Stack[]; sources: readonly FeedSource[] };

/** In the order in which they must be made: a source names stacks, so it comes after them and goes before. */
export function diffConfiguration(wanted: Configuration, current: Current, prune: boolean): Change[] {
  const brought = new Set(
    wanted.sources.flatMap(({ id, target }) => (ownStackTarget(target) ? stacksFed(id, target) : [])),
  );
  // A stack that a source brings with it is in the file, though not by itself.
  const there = current.stacks.filter(({ id }) => !brought.has(id) || wanted.stacks.some((stack) => stack.id === id));
  const stacks = diffKind("stack", wanted.stacks.map(split), there.map(stackConfig), prune);
  const sources = diffKind("source", wanted.sources.map(split), current.sources.map(sourceConfig), prune);
  const kept = [...stacks, ...sources].filter(({ action }) => action !== "delete");
  const gone = [...sources, ...stacks].filter(({ action }) => action === "delete");
  return [...kept, ...gone];
}

type Declared = { id: string; config: StackConfig | FeedSourceConfig };

function diffKind(kind: Change["kind"], wanted: Declared[], current: Declared[], prune: boolean): Change[] {
  const there = new Map(current.map((one) => [one.id, one.config]));
  const changes: Change[] = [];
  for (const { id, config } of wanted) {
    const before = there.get(id);
    const fields = diffFields(before, config);
    if (before === undefined) changes.push({ kind, id, action: "create", fields, config });
    else if (fields.length > 0) changes.push({ kind, id, action: "update", fields, config });
  }
  if (!prune) return changes;
  const named = new Set(wanted.map(({ id }) => id));
  for (const { id } of current) if (!named.has(id)) changes.push({ kind, id, action: "delete", fields: [] });
  return changes;
}

function split<T extends { id: string }>({ id, ...config }: T): { id: string; config: Omit<T, "id"> } {
  return { id, config };
}

/** The declared part of what the API shows, with the same defaults filled in. */
function stackConfig(stack: Stack): Declared {
  const { upstream, fork, branch, base, policy, channels } = stack;
  return { id: stack.id, config: StackConfig.parse({ upstream, fork, branch, base, policy, channels }) };
}

function sourceConfig(source: FeedSource): Declared {
  // Of what the API shows, the declared fields and no other.
  const config = z.object(FeedSourceConfig.shape).parse(source);
  return { id: source.id, config: FeedSourceConfig.parse(config) };
}

function diffFields(before: unknown, after: unknown): FieldChange[] {
  const from = leaves(before);
  const to = leaves(after);
  const names = [...new Set([...from.keys(), ...to.keys()])].sort();
  return names
    .filter((field) => from.get(field) !== to.get(field))
    .map((field) => ({ field, from: from.get(field), to: to.get(field) }));
}

/** Every value that is no object, by its path. Lists are values: their order counts. */
function leaves(value: unknown, path = "", found = new Map<string, string>()): Map<string, string> {
  if (value === undefined) return found;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    found.set(path, JSON.stringify(value));
    return found;
  }
  for (const [name, inner] of Object.entries(value)) leaves(inner, path === "" ? name : `${path}.${name}`, found);
  return found;
}
