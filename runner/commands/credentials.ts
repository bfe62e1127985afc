/**
 * `patch.moi credentials list|add|remove|reseal`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { type Command, InvalidArgumentError } from "commander";
import { Credential, CredentialInput, CredentialKind, Resealed } from "../../worker/contract/credential.ts";
import { describeIssues } from "../../worker/contract/issue-words.ts";
import { CommandFailure, usageFailure } from "../client/command-failure.ts";
import { Session } from "../client/session.ts";
import { age } from "../client/table.ts";
import { readInput } from "./input-file.ts";
import { examples, registerList } from "./list.ts";

type AddOptions = {
  kind: CredentialKind;
  host: string;
  valueFile: string;
  appId?: string;
  installationId?: number;
};

export function registerCredentials(program: Command): void {
  const credentials = program
    .command("credentials")
    .description("what the server acts with on forges and workspace backends");
  registerList(credentials, {
    name: "list",
    path: ["credentials"],
    key: "credentials",
    description: "list credentials (never their values)",
    item: Credential,
    headings: ["CREDENTIAL", "KIND", "HOST", "APP", "SEALED WITH", "AGE", "LIMITED UNTIL"],
    row: (credential, now) => [
      credential.name,
      credential.kind,
      credential.host,
      credential.appId ?? "",
      credential.keyId,
      age(credential.createdAt, now),
      credential.limitedUntil ?? "",
    ],
    examples: ["credentials list"],
  });
  credentials
    .command("add")
    .description("keep a credential, sealed; its value comes from a file or standard input, never from an argument")
    .argument("<name>", "what it is called in stacks")
    .requiredOption("--kind <kind>", CredentialKind.options.join(", "), parseKind)
    .requiredOption("--host <host>", "the host it is for, and the only one it is sent to (github.com)")
    .option("--value-file <file>", "file that holds the token, secret or private key; - is standard input", "-")
    .option("--app-id <id>", "GitHub App: its id or client id")
    .option("--installation-id <id>", "GitHub App: its installation; found by itself when not given", parseId)
    .addHelpText(
      "after",
      examples([
        "credentials add github --kind github-app --host github.com --app-id 12345 --value-file app.pem",
        "credentials add forge --kind forgejo-token --host git.example.org < token",
      ]),
    )
    .action(async (name: string, options: AddOptions, self: Command) => {
      const session = Session.of(self);
      if (options.valueFile === "-" && process.stdin.isTTY)
        session.say("reading the value from standard input; end it with Ctrl-D");
      const { kind, host, valueFile, ...app } = options;
      const given = CredentialInput.safeParse({ name, kind, host, ...app, value: readInput(valueFile).trim() });
      if (!given.success) throw usageFailure(`${describeIssues(given.error).join("; ")}`);
      const added = z.object({ credential: Credential });
      const answer = await session
        .api()
        .request({ method: "POST", path: ["credentials"], body: given.data, answer: added });
      session.answer(answer.raw, () => `credential '${name}' (${kind} for ${host}) is kept; its value is never shown`);
    });
  credentials
    .command("remove")
    .description("forget a credential, at once; stacks that use it are blocked until there is another")
    .argument("<name>", "the credential's name")
    .addHelpText("after", examples(["credentials remove forge"]))
    .action(async (name: string, _options: unknown, self: Command) => {
      const session = Session.of(self);
      const answer = await session
        .api()
        .request({ method: "DELETE", path: ["credentials", name], answer: z.unknown() });
      session.answer(answer.raw, () => `credential '${name}' removed; revoke it at the forge too if it has leaked`);
    });
  credentials
    .command("reseal")
    .description("seal everything with the newest key of PATCH_CREDENTIALS_KEYS, so that older keys can go")
    .addHelpText("after", examples(["credentials reseal"]))
    .action(async (_options: unknown, self: Command) => {
      const session = Session.of(self);
      const path = ["credentials", "reseal"];
      const answer = await session.api().request({ method: "POST", path, answer: Resealed });
      session.answer(answer.raw, () => told(answer.value));
      const { unreadable } = answer.value;
      if (unreadable.length > 0)
        throw new CommandFailure(
          "sealed_credential",
          `${unreadable.join(", ")} could not be opened; put the key they were sealed with back into ` +
            "PATCH_CREDENTIALS_KEYS, or remove and add them again",
        );
    });
}

function told({ keyId, resealed, unreadable }: Resealed): string {
  const done = resealed.length === 0 ? "nothing was left to seal" : `sealed with '${keyId}': ${resealed.join(", ")}`;
  return unreadable.length > 0 ? done : `${done}; older keys can be taken out of PATCH_CREDENTIALS_KEYS`;
}

function parseKind(text: string): CredentialKind {
  const kind = CredentialKind.safeParse(text);
  if (!kind.success) throw new InvalidArgumentError(`a kind is one of ${CredentialKind.options.join(", ")}`);
  return kind.data;
}

function parseId(text: string): number {
  if (!/^[1-9][0-9]{0,15}$/.test(text)) throw new InvalidArgumentError("give a number");
  return Number(text);
}
