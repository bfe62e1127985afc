/**
 * Asking GitHub. Requests are built by GitHub's own `@octokit/endpoint`, typed by GitHub's description of
 * its API, and carried by our outbound wrapper.
 *
 * @module
 */
import { endpoint } from "@octokit/endpoint";
import type { Endpoints } from "@octokit/types";
import { z } from "zod";
import { ok } from "../../platform/result.ts";
import type { Forged } from "../forge.ts";
import { type Ask, askForge, askMaybe, type Caller, type Method, tellForge } from "../forge-request.ts";
import { type AppPermissions, GITHUB_HEADERS } from "./app.ts";

/** How a request is authorized: with permissions for an app, with the token itself or as anybody otherwise. */
export type GithubAuthorize = (permissions: AppPermissions) => Forged<string | undefined>;

export type GithubOptions = {
  caller: Omit<Caller, "authorization">;
  repository: { owner: string; name: string };
  webUrl: string;
  authorize: GithubAuthorize;
  /** Login that the credential writes as, where it is no user's token. */
  self?: () => Forged<string>;
};

export const User = z.object({ login: z.string() });

/** Entries of a page: the most that GitHub gives. */
export const PAGE = 100;

type Route = keyof Endpoints;
export type Params<R extends Route> = Omit<
  Endpoints[R]["parameters"],
  "owner" | "repo" | "baseUrl" | "headers" | "mediaType"
>;

export class GithubClient {
  readonly repository: { owner: string; name: string };
  /** Undefined for a user's token: GitHub is asked whose it is. */
  readonly self: (() => Forged<string>) | undefined;
  readonly #options: GithubOptions;

  /** Name of the forge in sentences. */
  get host(): string {
    return this.#options.caller.host;
  }

  constructor(options: GithubOptions) {
    this.#options = options;
    this.repository = options.repository;
    this.self = options.self;
  }

  ask<R extends Route, S extends z.ZodType>(
    route: R,
    params: Params<R>,
    permissions: AppPermissions,
    answer: S,
  ): Forged<z.output<S>> {
    return askForge(this.#caller(permissions), this.#request(route, params), answer);
  }

  maybe<R extends Route, S extends z.ZodType>(
    route: R,
    params: Params<R>,
    permissions: AppPermissions,
    answer: S,
  ): Forged<z.output<S> | undefined> {
    return askMaybe(this.#caller(permissions), this.#request(route, params), answer);
  }

  tell<R extends Route>(route: R, params: Params<R>, permissions: AppPermissions): Forged<void> {
    return tellForge(this.#caller(permissions), this.#request(route, params));
  }

  #request<R extends Route>(route: R, params: Params<R>): Ask {
    const { owner, name } = this.repository;
    const place = route.includes("{repo}") ? { owner, repo: name } : {};
    const built = endpoint(route, { ...params, ...place, baseUrl: "" });
    const body: unknown = built.body;
    return { method: built.method as Method, path: built.url, ...(body === undefined ? {} : { body }) };
  }

  #caller(permissions: AppPermissions): Caller {
    return {
      ...this.#options.caller,
      authorization: async () => {
        const token = await this.#options.authorize(permissions);
        if (!token.ok) return token;
        const { value } = token;
        return ok({ ...GITHUB_HEADERS, ...(value === undefined ? {} : { authorization: `Bearer ${value}` }) });
      },
    };
  }
}
