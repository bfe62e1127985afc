/**
 * Repositories, names and commands made by somebody who wants the runner's machine or its secrets.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { AttemptResult } from "../../worker/contract/runner-wire.ts";
import { HostileSetting, SECRETS } from "./testing/hostile-setting.ts";
import { lines, Repositories } from "./testing/repositories.ts";
import { type EnvelopeParts, type Scratch, scratch } from "./testing/scratch.ts";

let template: Scratch;
let original: Repositories;
let folder: Scratch;
let hostile: HostileSetting;
const ourHome = process.env.HOME;

beforeAll(() => {
  template = scratch();
  original = Repositories.in(template.path);
  original.release("v2", { a: lines({ 18: "theirs" }) });
});
afterAll(() => template[Symbol.dispose]());
beforeEach(() => {
  folder = scratch();
  hostile = new HostileSetting(folder, original.copyTo(folder.path));
  process.env.HOME = hostile.home;
});
afterEach(() => {
  process.env.HOME = ourHome;
  folder[Symbol.dispose]();
});

/** Runs the job; nothing may be touched or told, whatever comes of it. */
async function harmless(parts: EnvelopeParts = {}, env: Record<string, string> = {}): Promise<AttemptResult> {
  const result = await hostile.perform(parts, env);
  expect(hostile.harm(result)).toEqual([]);
  return result;
}

const touch = () => `touch ${hostile.canary}`;

describe("names", () => {
  test.each<[string, () => EnvelopeParts, string]>([
    ["a tag named like an option", () => ({ tag: `--upload-pack=${touch()}` }), "bad_ref_name"],
    ["a tag of a dash", () => ({ tag: "-" }), "bad_ref_name"],
    ["a tag a..b", () => ({ tag: "a..b" }), "bad_ref_name"],
    ["a tag with a newline", () => ({ tag: "v2\n--all" }), "bad_ref_name"],
    ["a tag with an escape sequence", () => ({ tag: "v2\u001b[2J" }), "bad_ref_name"],
    ["a tag that is a revision expression", () => ({ tag: "v2^{/x}" }), "bad_ref_name"],
    ["a tag that climbs", () => ({ tag: "../../heads/main" }), "bad_ref_name"],
    ["a pushed branch named like an option", () => ({ pushed: "--exec=x" }), "bad_ref_name"],
    ["a branch named like an option", () => ({ branch: "--force" }), "branch_missing"],
    ["a branch with a refspec", () => ({ branch: "patches:refs/heads/main" }), "branch_missing"],
    ["a candidate named like an option", () => ({ candidateRef: "--mirror" }), "bad_ref_name"],
    ["a candidate that climbs", () => ({ candidateRef: "../main" }), "bad_ref_name"],
    ["a candidate that is the branch itself", () => ({ candidateRef: "patches" }), "bad_ref_name"],
    [
      "a resolved ref named like an option",
      () => ({ resume: { note: "x", resolvedRef: `--output=${hostile.canary}` } }),
      "resolved_ref_missing",
    ],
    [
      "a resolved ref with a refspec",
      () => ({ resume: { note: "x", resolvedRef: "main:refs/heads/patches" } }),
      "resolved_ref_missing",
    ],
    [
      "a landing on a branch named like an option",
      () => {
        const oid = hostile.repositories.inFork("refs/heads/patches") ?? "";
        return { operation: "land", land: { branch: "--delete", oid, expectedOid: oid, ref: "refs/heads/x" } };
      },
      "bad_ref_name",
    ],
  ])("%s", async (_, parts, code) => {
    const before = hostile.git(hostile.repositories.fork, ["for-each-ref"]);
    expect((await harmless(parts())).reason?.code).toBe(code);
    expect(hostile.git(hostile.repositories.fork, ["for-each-ref"])).toBe(before);
  });

  test.each<[string, (upstream: string, oid: string) => void]>([
    [
      "refs named like options",
      (upstream, oid) => {
        for (const name of [`tags/--upload-pack=touch`, "heads/-f", "heads/--all", "tags/-"])
          hostile.git(upstream, ["update-ref", `refs/${name}`, oid]);
      },
    ],
    [
      "refs with names that git forbids",
      (upstream, oid) => {
        const names = ["heads/a..b", "heads/x.lock", "tags/~1", "heads/tab\there", "heads/.git"];
        const packed = join(upstream, "packed-refs");
        const text = existsSync(packed) ? readFileSync(packed, "utf8") : "# pack-refs with: peeled fully-peeled \n";
        writeFileSync(packed, text + names.map((name) => `${oid} refs/${name}\n`).join(""));
      },
    ],
    [
      "a branch with the name of the tag, and one named HEAD",
      (upstream, oid) => {
        for (const name of ["v2", "HEAD", "refs/tags/v2"])
          hostile.git(upstream, ["update-ref", `refs/heads/${name}`, oid]);
      },
    ],
    [
      "a ref of the runner's own namespaces",
      (upstream, oid) => {
        for (const name of ["refs/fork/heads/patches", "refs/patch-moi/rerere", "refs/replace/x"])
          hostile.git(upstream, ["update-ref", name, oid]);
      },
    ],
  ])("upstream with %s", async (_, prepare) => {
    const { upstream } = hostile.repositories;
    const tag = hostile.git(upstream, ["rev-parse", "refs/tags/v2"]);
    prepare(upstream, hostile.git(upstream, ["rev-parse", "v1"]));
    const result = await harmless();
    expect(result).toMatchObject({ outcome: "changed", report: { onto: { oid: tag }, counts: { carried: 2 } } });
  });
});

describe("addresses", () => {
  test.each<[string, () => EnvelopeParts]>([
    ["ext::", () => ({ upstream: `ext::sh -c ${touch().replaceAll(" ", "% ")}` })],
    ["ext:: for the fork", () => ({ fork: `ext::sh -c ${touch().replaceAll(" ", "% ")}` })],
    ["fd::", () => ({ upstream: "fd::17/x" })],
    ["an option", () => ({ upstream: `--upload-pack=${touch()}` })],
    ["an option for ssh", () => ({ upstream: `ssh://-oProxyCommand=${encodeURIComponent(touch())}/x` })],
    [
      "an option for ssh as a user",
      () => ({ fork: `ssh://-oProxyCommand=${encodeURIComponent(touch())}@127.0.0.1/x` }),
    ],
    ["a helper of another name", () => ({ upstream: "testgit::x" })],
  ])("%s", async (_, parts) => {
    const result = await harmless(parts());
    expect(["failed", "blocked"]).toContain(result.outcome);
    expect(result.candidates).toEqual([]);
  });
});

describe("trees", () => {
  const inDotGit = () => [{ name: "config", content: `[core]\n\tfsmonitor = ${touch()}\n` }];
  test.each<[string, string]>([
    [".git", ".git"],
    [".GIT", ".GIT"],
    ["an ignorable character of HFS+", ".g\u200cit"],
    ["a short name of NTFS", "git~1"],
    ["a trailing dot", ".git."],
    ["a stream of NTFS", ".git::$INDEX_ALLOCATION"],
    ["..", ".."],
    [".", "."],
  ])("a folder named %s is refused", async (_, name) => {
    hostile.upstreamTree({ name, content: inDotGit() });
    const result = await harmless({ policy: { verify: ["git status"] } });
    expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code: "objects_refused" } });
    expect(result.candidates).toEqual([]);
  });

  test.each<[string, () => void]>([
    ["a submodule whose URL is an option", () => modules(`url = --upload-pack=${touch()}`)],
    ["a submodule whose path is an option", () => modules("url = https://git.example/x.git", "-x")],
    ["a submodule that updates by a command", () => modules(`url = https://git.example/x\n\tupdate = !${touch()}`)],
    [
      "a .gitmodules that is a link",
      () => hostile.upstreamTree({ mode: "120000", name: ".gitmodules", content: "/x" }),
    ],
  ])("%s is refused", async (_, prepare) => {
    prepare();
    const result = await harmless({ policy: { verify: ["git submodule update --init || true"] } });
    expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code: "objects_refused" } });
  });

  function modules(setting: string, path = "sub"): void {
    const content = `[submodule "sub"]\n\tpath = ${path}\n\t${setting}\n`;
    hostile.upstreamTree({ name: ".gitmodules", content });
  }

  test.each<[string, () => void]>([
    ["attributes that name drivers", () => attributes("* filter=trap diff=trap merge=trap")],
    ["attributes that name an encoding", () => attributes("* working-tree-encoding=UTF-16 text eol=crlf ident")],
    [
      "attributes of another file",
      () => hostile.upstreamTree({ mode: "120000", name: ".gitattributes", content: `${hostile.outside}/secret` }),
    ],
    [
      "a link to a file outside",
      () => hostile.upstreamTree({ mode: "120000", name: "link", content: `${hostile.outside}/secret` }),
    ],
    [
      "a link where a patch has a file",
      () => hostile.upstreamTree({ mode: "120000", name: "b", content: `${hostile.outside}/new` }),
    ],
    ["a name of 4000 characters", () => hostile.upstreamTree({ name: "x".repeat(4000), content: "x" })],
    ["300 folders in each other", () => hostile.upstreamTree(nested(300))],
    [
      "names that are options and commands",
      () =>
        hostile.upstreamTree(
          { name: "--help", content: "x" },
          { name: `$(${touch()})`.replaceAll("/", "_"), content: "x" },
        ),
    ],
    ["names with escape sequences", () => hostile.upstreamTree({ name: "\u001b]0;x\u0007", content: "x" })],
    [
      "configuration files of other tools",
      () =>
        hostile.upstreamTree(
          { name: ".gitconfig", content: `[core]\n\tfsmonitor = ${touch()}\n` },
          { name: ".lfsconfig", content: `[lfs]\n\turl = https://x\n` },
        ),
    ],
  ])("%s", async (_, prepare) => {
    prepare();
    await harmless({ policy: { verify: ["git status >/dev/null"] } });
  });

  function attributes(text: string): void {
    hostile.upstreamTree({ name: ".gitattributes", content: `${text}\n` });
  }

  type Nested = { name: string; content: string | Nested[] };
  function nested(depth: number): Nested {
    let made: Nested = { name: "x", content: "x" };
    for (let level = 0; level < depth; level += 1) made = { name: "d", content: [made] };
    return made;
  }

  test("a folder that became a link to the outside is not written through", async () => {
    const { repositories } = hostile;
    repositories.pushToFork("patches", "v1", [{ subject: "into a folder", files: { "dir/file": "pwned\n" } }]);
    hostile.upstreamTree({ mode: "120000", name: "dir", content: hostile.outside });
    const result = await harmless({ policy: { verify: ["true"] } });
    expect(result).toMatchObject({ outcome: "needs_intervention", reason: { code: "conflict" } });
  });

  test("a commit message and author with escape sequences stay text", async () => {
    const message = "\u001b]0;title\u0007\u001b[2Jsubject \u009b31m ::add-mask::x\n\n$(id) `id`";
    hostile.repositories.pushToFork("patches", "v1", [{ subject: message, files: { b: "b\n" } }]);
    expect(await harmless()).toMatchObject({ outcome: "changed" });
  });
});

describe("programs", () => {
  test.each<[string, (dir: string) => void]>([
    ["a hook for packing", (dir) => void hostile.git(dir, ["config", "uploadpack.packObjectsHook", touch()])],
    [
      "fsmonitor, a pager and an alternates command",
      (dir) => {
        for (const key of ["core.fsmonitor", "core.pager", "core.alternateRefsCommand", "core.sshCommand"])
          hostile.git(dir, ["config", key, touch()]);
      },
    ],
    [
      "an included configuration",
      (dir) => {
        writeFileSync(join(dir, "more"), `[core]\n\tfsmonitor = ${touch()}\n\thooksPath = ${dir}/hooks\n`);
        hostile.git(dir, ["config", "include.path", join(dir, "more")]);
      },
    ],
    [
      "hooks",
      (dir) => {
        for (const hook of [
          "post-checkout",
          "pre-push",
          "reference-transaction",
          "post-index-change",
          "fsmonitor-watchman",
        ])
          writeFileSync(join(dir, "hooks", hook), `#!/bin/sh\n${touch()}\n`, { mode: 0o755 });
      },
    ],
  ])("upstream on this machine with %s", async (_, prepare) => {
    prepare(hostile.repositories.upstream);
    expect(await harmless({ policy: { verify: ["true"] } })).toMatchObject({ outcome: "changed" });
  });

  test.each<[string, () => string]>([
    [
      "prints its environment and configuration",
      () => "env; git config --list --show-origin; cat /proc/self/environ | tr '\\0' '\\n'",
    ],
    [
      "found the runner's secrets and prints them in several forms",
      () => {
        const found = join(folder.path, "found");
        writeFileSync(found, Object.values(SECRETS).join("\n"));
        return `cat ${found}; base64 -w0 ${found}; while read s; do printf %s "$s" | base64 -w0; done < ${found}; false`;
      },
    ],
    ["replaces its checkout by a link to the outside", () => `cd .. && rm -rf tree && ln -s ${hostile.outside} tree`],
    [
      "leaves links to the outside in its folders",
      () => `ln -s ${hostile.outside} $HOME/x; ln -s ${hostile.outside} $TMPDIR/y; mkdir -p p/q && chmod 500 p`,
    ],
    [
      "leaves hooks, configuration and alternates behind",
      () =>
        `git config core.fsmonitor "${touch()}"; printf '#!/bin/sh\\n${touch()}\\n' > .git/hooks/post-checkout; chmod +x .git/hooks/*; ` +
        `echo ${hostile.outside} >> .git/objects/info/alternates; rm -f ${hostile.canary}`,
    ],
  ])("a verify command that %s", async (_, command) => {
    await harmless({ policy: { verify: [command()] } });
    // The next job on the same mirror finds nothing of it.
    await harmless({ number: 2 });
  });
});
