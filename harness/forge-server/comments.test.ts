/**
 * What people ask for in comments, on all three forges: the forge says who wrote it and what they may, whatever a
 * webhook says.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Forge, ForgeFailure } from "../../worker/forges/forge.ts";
import { openForge } from "../../worker/forges/open-forge.ts";
import type { Result } from "../../worker/platform/result.ts";
import { markerText } from "../../worker/review/marker.ts";
import { readAsked } from "../../worker/webhooks/forge-comment.ts";
import { forgejo } from "../../worker/webhooks/forges/forgejo.ts";
import { github } from "../../worker/webhooks/forges/github.ts";
import { gitlab } from "../../worker/webhooks/forges/gitlab.ts";
import { type ForgeServer, startForgeServer } from "./server.ts";
import type { ForgeComment, ForgePull, RepositoryState } from "./state.ts";

const TOKEN = "a-token-of-the-test";
const READERS = { github, forgejo, gitlab };

async function value<T>(result: Promise<Result<T, ForgeFailure>>): Promise<T> {
  const given = await result;
  if (!given.ok) throw new Error(`${given.failure.code}: ${given.failure.message}`);
  return given.value;
}

describe.each(["github", "forgejo", "gitlab"] as const)("on %s", (kind) => {
  let server: ForgeServer;
  let fork: RepositoryState;
  let forge: Forge;
  let pull: ForgePull;
  beforeEach(async () => {
    server = await startForgeServer(kind);
    server.tokens.set(TOKEN, "patch-moi");
    fork = server.state.add("office", "lantern");
    fork.permissions.set("ada", "write").set("eve", "read").set("helper", "write").set("patch-moi", "write");
    const { host } = new URL(server.url);
    const credential = { name: "x", kind: `${kind}-token` as const, host, value: TOKEN };
    const address = { url: `${server.url}/office/lantern.git`, forge: { kind, apiUrl: server.apiUrl } };
    const context = {
      credential: () => Promise.resolve({ ok: true as const, value: credential }),
      outbound: { allowLocal: true },
      now: () => Date.now(),
      limited: () => Promise.resolve(),
    };
    forge = await value(openForge(address, context));
    pull = server.state.propose(fork, proposal("patch-moi"));
  });
  afterEach(async () => {
    expect(server.problems).toEqual([]);
    await server[Symbol.asyncDispose]();
  });

  const mark = markerText({ v: 1, kind: "candidate", stack: "lantern", attempt: "lantern.7" });
  function proposal(author: string) {
    return { title: "carried", body: `${mark}\nLook.`, author, head: "candidate", base: "office", draft: false };
  }
  const say = (more: Partial<ForgeComment> = {}) =>
    server.state.say(fork, { on: "pull", number: pull.number, author: "ada", body: "/patch.moi retry", ...more });

  /** The webhook of a comment, as the forge sends it. */
  function delivery({ id, on, number, body }: ForgeComment, action?: string): [Headers, unknown] {
    if (kind === "gitlab") {
      const noted = {
        id,
        note: body,
        noteable_type: on === "pull" ? "MergeRequest" : "Issue",
        action: action ?? "create",
      };
      const where = on === "pull" ? { merge_request: { iid: number } } : { issue: { iid: number } };
      const project = { id: 1, web_url: "https://x.example.org/a/b" };
      return [
        new Headers({ "x-gitlab-event": "Note Hook" }),
        { object_kind: "note", project, object_attributes: noted, ...where },
      ];
    }
    const issue = { number, ...(on === "pull" ? { pull_request: { url: "x" } } : {}) };
    const told = { action: action ?? "created", issue, comment: { id, body }, repository: { id: 1 } };
    return [new Headers({ [kind === "github" ? "x-github-event" : "x-forgejo-event"]: "issue_comment" }), told];
  }

  async function asked(comment: ForgeComment, now = Date.now()) {
    const [headers, body] = delivery(comment);
    const message = READERS[kind].read(headers, body);
    if (message?.says.kind !== "comment") throw new Error(`read as ${JSON.stringify(message)}`);
    return readAsked(forge, message.says.place, message.says.body, now);
  }
  const ignored = (why: RegExp) => ({
    ok: false,
    failure: { later: false, why: expect.stringMatching(why) as unknown },
  });

  it("takes the word of those who may write, on proposals and issues of ours", async () => {
    const wanted = { stackId: "lantern", attemptId: "lantern.7", author: "ada", command: { word: "retry" } };
    expect(await asked(say())).toEqual({ ok: true, value: wanted });
    const issue = server.state.report(fork, { title: "help", body: mark, author: "patch-moi" });
    expect(await asked(say({ on: "issue", number: issue.number }))).toEqual({ ok: true, value: wanted });
    fork.permissions.set("grace", "admin");
    expect(await asked(say({ author: "grace", body: "/patch.moi land" }))).toMatchObject({
      ok: true,
      value: { author: "grace" },
    });
    const unknown = { ok: true, value: { command: { word: undefined, said: "dance" } } };
    expect(await asked(say({ body: "/patch.moi dance" }))).toMatchObject(unknown);
  });

  it("takes nobody else's: readers, strangers, programs, ourselves", async () => {
    expect(await asked(say({ author: "eve" }))).toMatchObject(ignored(/'eve' may not write/));
    expect(await asked(say({ author: "mallory" }))).toMatchObject(ignored(/'mallory' may not write/));
    expect(await asked(say({ author: "patch-moi" }))).toMatchObject(ignored(/our own comment/));
    const program = kind === "gitlab" ? "project_7_bot_1f" : kind === "forgejo" ? "forgejo-actions" : "helper";
    fork.permissions.set(program, "admin");
    expect(await asked(say({ author: program, bot: kind === "github" }))).toMatchObject(ignored(/a program wrote it/));
  });

  it("believes no webhook: not its author, its text, its place, or its age", async () => {
    const real = say({ author: "mallory", body: "a nice day" });
    expect(await asked({ ...real, author: "ada", body: "/patch.moi land" })).toMatchObject(
      ignored(/says something else/),
    );
    expect(await asked({ ...real, id: 999_999, body: "/patch.moi land" })).toMatchObject(ignored(/no such comment/));
    const other = server.state.propose(fork, { ...proposal("mallory"), head: "other" });
    expect(await asked(say({ number: other.number }))).toMatchObject(ignored(/not on a proposal or issue of ours/));
    const elsewhere = say({ number: other.number });
    expect(await asked({ ...elsewhere, number: pull.number })).toMatchObject(ignored(/no such comment/));
    const edited = say({ updatedAt: new Date(Date.now() + 1000).toISOString() });
    expect(await asked(edited)).toMatchObject(ignored(/was changed/));
    expect(await asked(say(), Date.now() + 2 * 3_600_000)).toMatchObject(ignored(/older than an hour/));
    for (const action of kind === "gitlab" ? ["update"] : ["edited", "deleted"]) {
      const [headers, body] = delivery(say(), action);
      expect(READERS[kind].read(headers, body)?.says).toMatchObject({ kind: "nothing" });
    }
  });

  it.each([
    /\/notes\/|\/comments\//,
    /\/user$/,
    /\/(?:issues|merge_requests)\/\d+$/,
    /permission|\/members\/|\/users$/,
  ])("does nothing while the forge cannot say, %s, and wants to be told again", async (path) => {
    const comment = say();
    server.faults.add(path, { kind: "status", status: 500 });
    expect(await asked(comment)).toMatchObject({ ok: false, failure: { later: true } });
    server.faults.clear();
    expect(await asked(comment)).toMatchObject({ ok: true });
  });
});
