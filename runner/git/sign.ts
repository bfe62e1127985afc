/**
 * Signs commits as git does: with ssh-keygen(1) or gpg(1), the signature over the commit object.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { StderrTail } from "./process.ts";

export interface SigningKey {
  /** Path of an ssh key (of a public one when an agent holds the other half), or a gpg key's id. */
  key: string;
  format: "ssh" | "openpgp";
}

/** The key cannot sign: it is missing, locked, or its program is. */
export class SigningError extends Error {
  override readonly name = "SigningError";
}

/** What these programs need to find keys and agents; nothing else is passed on. */
const PASSED_ON = ["PATH", "HOME", "GNUPGHOME", "SSH_AUTH_SOCK", "GPG_AGENT_INFO", "XDG_RUNTIME_DIR"] as const;

/** Milliseconds; a pinentry that nobody answers ends here. */
const TIMEOUT_MS = 60_000;

/** Answers the text of the `gpgsig` header for a commit object without one. */
export function commitSigner(
  { key, format }: SigningKey,
  ours: Readonly<Record<string, string | undefined>> = process.env,
): (commit: Buffer) => Promise<string> {
  const env: Record<string, string> = {};
  for (const name of PASSED_ON) {
    const value = ours[name];
    if (value !== undefined) env[name] = value;
  }
  const [program, args] =
    format === "ssh"
      ? (["ssh-keygen", ["-Y", "sign", "-n", "git", "-f", key]] as const)
      : (["gpg", ["--batch", "--no-tty", "--armor", "--detach-sign", "--local-user", key]] as const);
  return async (commit) => {
    const signature = await run(program, args, env, commit);
    if (!/^-----BEGIN (?:SSH|PGP) SIGNATURE-----/.test(signature))
      throw new SigningError(`${program} made no signature`);
    return signature;
  };
}

function run(program: string, args: readonly string[], env: Record<string, string>, input: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, cwd: "/", stdio: ["pipe", "pipe", "pipe"], timeout: TIMEOUT_MS });
    const stdout: Buffer[] = [];
    const stderr = new StderrTail();
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    // A program that ends before it has read its input says why by its exit code.
    child.stdin.on("error", () => {});
    child.once("error", (error) => reject(new SigningError(`${program} cannot be started: ${error.message}`)));
    child.once("close", (code) => {
      if (code === 0) resolve(Buffer.concat(stdout).toString("latin1"));
      else
        reject(new SigningError(`${program} ended with ${code ?? "a signal"}: ${stderr.text().trim().slice(0, 1000)}`));
    });
    child.stdin.end(input);
  });
}
