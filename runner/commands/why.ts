/**
 * `patch.moi why`: what became of an upstream version for a stack, from the record.
 *
 * @module
 */
import type { Command } from "commander";
import { Why, type WhyFact } from "../../worker/contract/intervention.ts";
import { colors } from "../client/colors.ts";
import { Session } from "../client/session.ts";
import { statusWord, table } from "../client/table.ts";
import { examples } from "./list.ts";

export function registerWhy(program: Command): void {
  program
    .command("why")
    .description("say what became of an upstream version, and why; from the record alone")
    .argument("<stack>", "stack id")
    .argument("<version>", "version or tag, for example 1.10.0 or v1.10.0")
    .addHelpText("after", examples(["why web v1.10.0", "why web 1.10.0 --json"]))
    .action(async (stack: string, version: string, _options: unknown, self: Command) => {
      const session = Session.of(self);
      const request = { path: ["stacks", stack, "why"], query: { version }, answer: Why };
      const answer = await session.watch(`reading ${stack}`, session.api().request(request));
      session.answer(answer.raw, () => describeWhy(answer.value));
    });
}

function describeWhy(why: Why): string {
  const head = `${colors.bold(`${why.stackId} ${why.version}`)}: ${why.verdict.replaceAll("_", " ")}\n${why.message}`;
  if (why.facts.length === 0) return `${head}\n${colors.dim(`looked for ${why.tags.join(", ")}`)}`;
  return `${head}\n\n${table(
    ["AT", "WHAT", "WHERE", "OUTCOME"],
    why.facts.map((fact) => [fact.at.slice(0, 19).replace("T", " "), ...describeFact(fact)]),
  )}`;
}

function describeFact(fact: WhyFact): [string, string, string] {
  const reason = fact.reason === undefined ? "" : ` (${fact.reason.code})`;
  if (fact.kind === "attempt") return ["attempt", fact.attemptId ?? "-", `${statusWord(fact.status ?? "-")}${reason}`];
  const decision = fact.decision === undefined ? "" : `: ${fact.decision.message || fact.decision.code}`;
  return ["seen", fact.sourceId ?? "-", `${fact.disposition ?? ""}${decision}${reason}`];
}
