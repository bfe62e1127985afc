/**
 * Where the server is, who asks, where data is kept: from options first, then the environment.
 *
 * @module
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { CommandFailure, usageFailure } from "./command-failure.ts";

/** Options every command takes. */
export type GlobalOptions = { server?: string; token?: string; json?: boolean };

export type Environment = Readonly<Record<string, string | undefined>>;

export type Settings = { server?: URL; token?: string; json: boolean; home: string };

export function readSettings(options: GlobalOptions, env: Environment): Settings {
  const server = given(options.server) ?? given(env.PATCH_MOI_URL);
  return {
    server: server === undefined ? undefined : parseServer(server),
    token: given(options.token) ?? given(env.PATCH_MOI_TOKEN),
    json: options.json === true,
    home: resolve(given(env.PATCH_MOI_HOME) ?? join(homedir(), ".patch-moi")),
  };
}

/** A server's address as a base for paths; a usage failure for what is none. */
export function parseServer(text: string): URL {
  if (!URL.canParse(text)) throw usageFailure(`'${text}' is not an address; give one like https://patch.example.com`);
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw usageFailure(`the server's address begins with https:// or http://, not '${url.protocol}'`);
  if (url.username !== "" || url.password !== "")
    throw usageFailure("the server's address may not hold a credential; give the token with PATCH_MOI_TOKEN");
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  url.search = "";
  url.hash = "";
  return url;
}

export function requireServer(settings: Settings): URL {
  if (settings.server !== undefined) return settings.server;
  throw new CommandFailure("no_server", "no server is named; give --server URL or set PATCH_MOI_URL", 2);
}

export function requireToken(settings: Settings): string {
  if (settings.token !== undefined) return settings.token;
  throw new CommandFailure("no_token", "no token is given; set PATCH_MOI_TOKEN or give --token", 2);
}

/** An empty variable is one that was not set. */
function given(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}
