import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { XMLParser } from "fast-xml-parser";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startChild, waitForLine } from "../process/child.ts";
import { until } from "../process/until.ts";
import { createBare, git, gitSucceeds } from "../upstream-life/git.ts";
import { entityTag, renderReleases } from "./releases-feed.ts";
import { type GitServer, startGitServer } from "./server.ts";

const execute = promisify(execFile);
const ME = { name: "Ada & Co", email: "ada@example.org" };

let folder: string;
let server: GitServer;
let clone: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "git-server-"));
  clone = join(folder, "clone");
  for (const name of ["open", "closed"]) {
    mkdirSync(join(folder, "root/acme"), { recursive: true });
    await createBare(join(folder, `root/acme/${name}.git`), folder, name === "open");
  }
  server = await startGitServer({ root: join(folder, "root"), control: true });
  await git(folder, ["clone", "--quiet", `${server.origin}/acme/open.git`, clone]);
  writeFileSync(join(clone, "a"), "one\n");
  await git(clone, ["add", "a"]);
  await git(clone, ["commit", "--quiet", "--message=one"], { as: ME, at: "2024-01-01T00:00:00Z" });
  await git(clone, ["push", "--quiet", "origin", "main"]);
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("Git over HTTP", () => {
  it("takes a push larger than one buffer and gives it back", async () => {
    const noise = Buffer.alloc(3_000_000);
    for (let i = 0, x = 1; i < noise.length; i++) {
      x = (x * 1103515245 + 12345) & 0x7fffffff;
      noise[i] = x >> 16;
    }
    writeFileSync(join(clone, "big"), noise);
    await git(clone, ["add", "big"]);
    await git(clone, ["commit", "--quiet", "--message=big"], { as: ME, at: "2024-01-01T01:00:00Z" });
    await git(clone, ["push", "--quiet", "origin", "main"]);
    await git(folder, ["clone", "--quiet", `${server.origin}/acme/open`, join(folder, "again")]);
    expect(readFileSync(join(folder, "again/big")).equals(noise)).toBe(true);
  });

  it("speaks protocol version 2 when asked to", async () => {
    const response = await fetch(`${server.origin}/acme/open.git/info/refs?service=git-upload-pack`, {
      headers: { "git-protocol": "version=2" },
    });
    expect(response.headers.get("content-type")).toBe("application/x-git-upload-pack-advertisement");
    expect(await response.text()).toContain("version 2");
  });

  it("reads a gzipped request", async () => {
    const command = "0014command=ls-refs\n0000";
    const response = await fetch(`${server.origin}/acme/open.git/git-upload-pack`, {
      method: "POST",
      headers: {
        "content-type": "application/x-git-upload-pack-request",
        "content-encoding": "gzip",
        "git-protocol": "version=2",
      },
      body: gzipSync(command),
    });
    expect(await response.text()).toContain("refs/heads/main");
  });

  it("refuses a push where the repository does not take any", async () => {
    expect(await gitSucceeds(clone, ["push", "--quiet", `${server.origin}/acme/closed.git`, "main"])).toBe(false);
    expect(await gitSucceeds(clone, ["ls-remote", `${server.origin}/acme/closed.git`])).toBe(true);
  });

  it.each([
    "/acme/none.git/info/refs?service=git-upload-pack",
    "/acme/../../etc/passwd",
    "/acme/open.git/config",
    "/x",
  ])("answers 404 to %s", async (path) => {
    expect((await fetch(server.origin + path)).status).toBe(404);
  });
});

describe("releases.atom", () => {
  const address = (): string => `${server.origin}/acme/open/releases.atom`;
  const parser = new XMLParser({ ignoreAttributes: false, parseTagValue: false, isArray: (name) => name === "entry" });

  it("shows the tags as GitHub does", async () => {
    const at = (minute: number) => ({ as: ME, at: `2024-02-01T00:${String(minute).padStart(2, "0")}:00Z` });
    await git(
      clone,
      ["tag", "--annotate", '--message=One <b> & "two"\n\nFirst.\n\nSecond & <i>last</i>.', "@acme/x@1.0.0"],
      at(1),
    );
    await git(clone, ["tag", "v1.0.0"]);
    for (let n = 1; n <= 9; n++) await git(clone, ["tag", "--annotate", `--message=v1.${n}`, `v1.${n}.0`], at(10 + n));
    await git(clone, ["push", "--quiet", "--tags", "origin"]);
    const response = await fetch(address());
    expect(response.headers.get("content-type")).toBe("application/atom+xml; charset=utf-8");
    const text = await response.text();
    type Entry = { id: string; title: string; updated: string; author: { name: string }; link: { "@_href": string } };
    const { feed } = parser.parse(text) as { feed: { title: string; entry: Entry[] } };
    expect(feed.title).toBe("Release notes from open");
    expect(feed.entry).toHaveLength(10);
    expect(feed.entry[0]?.title).toBe("v1.9");
    const last = feed.entry[9];
    expect(last?.id).toMatch(/^tag:github\.com,2008:Repository\/\d+\/@acme\/x@1\.0\.0$/);
    expect(last?.title).toBe('One <b> & "two"');
    expect(last?.updated).toBe("2024-02-01T00:01:00Z");
    expect(last?.author.name).toBe("Ada & Co");
    expect(last?.link["@_href"]).toBe(`${server.origin}/acme/open/releases/tag/%40acme%2Fx%401.0.0`);
    expect(text).toContain("&lt;p&gt;Second &amp;amp; &amp;lt;i&amp;gt;last&amp;lt;/i&amp;gt;.&lt;/p&gt;");
  });

  it("answers 304 until a tag is added", async () => {
    const etag = (await fetch(address())).headers.get("etag") ?? "";
    const ask = (): Promise<Response> => fetch(address(), { headers: { "if-none-match": etag } });
    expect((await ask()).status).toBe(304);
    await git(clone, ["tag", "--annotate", "--message=two", "v2.0.0"], { as: ME, at: "2024-03-01T00:00:00Z" });
    await git(clone, ["push", "--quiet", "--tags", "origin"]);
    expect((await ask()).status).toBe(200);
  });

  it("leaves out what XML cannot hold", () => {
    const place = { origin: "http://127.0.0.1", repository: "acme/open" };
    const release = {
      tag: "v1",
      title: "a\u0000\u001bb",
      notes: "c\u0008d",
      author: "e",
      updated: "2024-01-01T00:00:00Z",
    };
    const text = renderReleases(place, [release]);
    expect(text).toContain("<title>ab</title>");
    expect(text).toContain("&lt;p&gt;cd&lt;/p&gt;");
    expect(entityTag(text)).not.toBe(entityTag(`${text} `));
  });
});

describe("faults on demand", () => {
  const control = async (mode?: string): Promise<unknown> => {
    const init = mode === undefined ? {} : { method: "POST", body: JSON.stringify({ mode }) };
    return (await fetch(`${server.origin}/-/control`, init)).json();
  };

  it("fails in the way it is told to, and counts", async () => {
    const feed = `${server.origin}/acme/open/releases.atom`;
    await control("error");
    expect((await fetch(feed)).status).toBe(500);
    await control("unavailable");
    expect((await fetch(feed)).headers.get("retry-after")).toBe("1");
    await control("html");
    expect((await fetch(feed)).headers.get("content-type")).toContain("text/html");
    await control("hang_up");
    await expect(fetch(feed)).rejects.toThrow();
    expect(await control("normal")).toMatchObject({ mode: "normal" });
    expect((await fetch(feed)).status).toBe(200);
    const before = await control();
    await fetch(feed);
    const after = await control();
    expect(after).not.toEqual(before);
  });

  it("has no control unless asked for", async () => {
    const plain = await startGitServer({ root: join(folder, "root") });
    expect((await fetch(`${plain.origin}/-/control`)).status).toBe(404);
    await plain.close();
  });
});

describe("as a process", () => {
  const main = new URL("main.ts", import.meta.url).pathname;

  it("says its port, and ends when its stdin closes", async () => {
    const run = execute(process.execPath, [main, "--root", join(folder, "root")]);
    const port = await new Promise<number>((resolve) => {
      run.child.stdout?.on("data", (text: string) => resolve((JSON.parse(text) as { port: number }).port));
    });
    expect((await fetch(`http://127.0.0.1:${port}/acme/open/releases.atom`)).status).toBe(200);
    run.child.stdin?.end();
    await run;
  });

  it("is gone after it was stopped", async () => {
    const args = [main, "--root", join(folder, "root")];
    const child = startChild({ name: "git server", command: process.execPath, args, log: join(folder, "log") });
    const { port } = await waitForLine(child, (line) => JSON.parse(line) as { port: number });
    await child.stop();
    await until("the port to be free", () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => undefined,
        () => true,
      ),
    );
  });
});
