/**
 * What each forge's API is to the server that plays it.
 *
 * @module
 */
import type { OpenApi } from "./openapi.ts";
import type { ForgeRun, ForgeState, RepositoryState } from "./state.ts";

export type ForgeKind = "github" | "forgejo" | "gitlab";

export type ApiAnswer = { status: number; body?: unknown; headers?: Record<string, string> };

/** One call as a forge's handler sees it: checked, and with who asks. */
export type ApiCall = {
  /** `METHOD /template` of the document. */
  operation: string;
  params: Record<string, string>;
  query: URLSearchParams;
  body: Record<string, unknown>;
  login: string;
  state: ForgeState;
  /** Address of the forge. */
  origin: string;
  started: (repository: RepositoryState, run: ForgeRun) => void;
};

export type ForgeApi = {
  prefix: string;
  document: OpenApi;
  /** Login of the Authorization header; undefined when it is none that is known. */
  login: (authorization: string | undefined, server: { tokens: ReadonlyMap<string, string> }) => string | undefined;
  handle: (call: ApiCall) => ApiAnswer;
};

/** The repository that a call is about, or the refusal that stands for it. */
export function repositoryOf(
  state: ForgeState,
  fullName: string,
  writes: boolean,
  refusals: { notFound: ApiAnswer; archived: ApiAnswer; moved: (to: RepositoryState) => ApiAnswer },
): { repository: RepositoryState } | { refusal: ApiAnswer } {
  const repository = state.repositories.get(fullName);
  if (repository === undefined) return { refusal: refusals.notFound };
  if (repository.movedTo !== undefined) {
    const target = state.repositories.get(repository.movedTo);
    return { refusal: target === undefined ? refusals.notFound : refusals.moved(target) };
  }
  if (repository.archived && writes) return { refusal: refusals.archived };
  return { repository };
}

/** A field of a body that is text, or was left out. */
export function textField(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  return typeof value === "string" ? value : "";
}
