/**
 * `patch-moi.json`: stacks and sources declared in one file.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { FeedSourceConfig } from "./feed-source.ts";
import { Name } from "./primitives.ts";
import { needsRepositories, StackConfig } from "./stack.ts";

export const Configuration = z
  .strictObject({
    $schema: z.string().optional(),
    stacks: z
      .array(z.strictObject({ id: Name, ...StackConfig.shape }).superRefine(needsRepositories))
      .max(10_000)
      .default([]),
    sources: z
      .array(z.strictObject({ id: Name, ...FeedSourceConfig.shape }))
      .max(10_000)
      .default([]),
  })
  .superRefine((configuration, ctx) => {
    const stacks = new Set<string>();
    for (const [i, stack] of configuration.stacks.entries()) {
      if (stacks.has(stack.id))
        ctx.addIssue({ code: "custom", path: ["stacks", i, "id"], message: `'${stack.id}' is declared twice` });
      stacks.add(stack.id);
    }
    const sources = new Set<string>();
    for (const [i, source] of configuration.sources.entries()) {
      if (sources.has(source.id))
        ctx.addIssue({ code: "custom", path: ["sources", i, "id"], message: `'${source.id}' is declared twice` });
      sources.add(source.id);
    }
  });
export type Configuration = z.infer<typeof Configuration>;
