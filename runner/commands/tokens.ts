/**
 * `patch.moi tokens create|list|revoke`
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import { type Command, InvalidArgumentError } from "commander";
import { Token, TokenCreated, TokenScope } from "../../worker/contract/identity.ts";
import { Session } from "../client/session.ts";
import { age } from "../client/table.ts";
import { examples, registerList } from "./list.ts";

export function registerTokens(program: Command): void {
  const tokens = program.command("tokens").description("tokens for people and programs that use the API");
  registerList(tokens, {
    name: "list",
    path: ["tokens"],
    key: "tokens",
    description: "list tokens (never their secrets)",
    item: Token,
    headings: ["TOKEN", "SCOPES", "EXPIRES", "LAST USED", "AGE"],
    row: (token, now) => [
      token.name,
      token.scopes.join(", "),
      token.expiresAt ?? "never",
      age(token.lastUsedAt, now),
      age(token.createdAt, now),
    ],
    examples: ["tokens list"],
  });
  tokens
    .command("create")
    .description("make a token; its secret is printed once, here")
    .requiredOption("--name <name>", "what it is for")
    .option("--scope <scope...>", "read, operate, admin; may be given several times", parseScope, [])
    .option("--expires <time>", "ISO 8601 time, for example 2027-01-31T00:00:00Z", parseTime)
    .addHelpText("after", examples(["tokens create --name dashboard --scope read"]))
    .action(async (options: { name: string; scope: TokenScope[]; expires?: string }, self: Command) => {
      const session = Session.of(self);
      const scopes = options.scope.length === 0 ? ["read"] : [...new Set(options.scope)];
      const body = { name: options.name, scopes, expiresAt: options.expires };
      const answer = await session.api().request({ method: "POST", path: ["tokens"], body, answer: TokenCreated });
      session.answer(answer.raw, () => `${answer.value.secret}\n`);
      if (!session.settings.json)
        session.say(
          `token '${answer.value.token.name}' (${answer.value.token.scopes.join(", ")}); it is not shown again`,
        );
    });
  tokens
    .command("revoke")
    .description("make a token useless, at once")
    .argument("<name>", "the token's name")
    .addHelpText("after", examples(["tokens revoke dashboard"]))
    .action(async (name: string, _options: unknown, self: Command) => {
      const session = Session.of(self);
      const answer = await session.api().request({ method: "DELETE", path: ["tokens", name], answer: z.unknown() });
      session.answer(answer.raw, () => `token '${name}' revoked`);
    });
}

function parseScope(text: string, before: TokenScope[]): TokenScope[] {
  const scope = TokenScope.safeParse(text);
  if (!scope.success) throw new InvalidArgumentError(`a scope is one of ${TokenScope.options.join(", ")}`);
  return [...before, scope.data];
}

function parseTime(text: string): string {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError("give an ISO 8601 time");
  return new Date(at).toISOString();
}
