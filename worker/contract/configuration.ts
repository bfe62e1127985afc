/**
 * `patch-moi.json`: stacks and sources declared in one file.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { FeedSourceConfig } from "./feed-source.ts";
import { Name } from "./primitives.ts";
import { needsRepositories, StackConfig } from "./stack.ts";

/** A stack as the file and `PUT /stacks/:id` take it; there the path names it, and `id` may be left out. */
export const StackDeclaration = z
  .strictObject({ id: Name.optional(), ...StackConfig.shape })
  .superRefine(needsRepositories)
  .openapi("StackDeclaration");

/** The same of a source and `PUT /feed-sources/:id`. */
export const FeedSourceDeclaration = z
  .strictObject({ id: Name.optional(), ...FeedSourceConfig.shape })
  .openapi("FeedSourceDeclaration");

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
