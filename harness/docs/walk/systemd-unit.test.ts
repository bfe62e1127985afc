/**
 * The unit that the guide shows, as systemd itself reads it, with this project where the guide has it in `/opt`.
 * Whether a machine has systemd is its own matter: without it, only the paths are looked at.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROJECT } from "../../local-edge/wrangler.ts";
import { everyToken, readDocuments } from "../document.ts";

const GUIDE = "docs/guides/runner-as-a-service.md";
const PLACE = "/opt/patch-moi";

const unit = shownUnit();

describe("the unit of the systemd guide", () => {
  it("starts files that are there", () => {
    const started = unit.match(/^ExecStart=(.*)$/m)?.[1]?.split(" ") ?? [];
    const paths = started.filter((word) => word.startsWith(`${PLACE}/`));
    expect(paths).toHaveLength(2);
    expect(paths.filter((path) => !existsSync(path.replace(PLACE, PROJECT)))).toEqual([]);
  });

  it.skipIf(spawnSync("systemd-analyze", ["--version"]).status !== 0)("is one that systemd has no word against", () => {
    expect(verified(unit)).toEqual({ status: 0, said: "" });
    // What it does not know it only warns of, and still ends with 0.
    expect(verified(unit.replace("RestartSec=", "RestartSecs=")).said).toContain("RestartSecs");
  });
});

function verified(text: string): { status: number | null; said: string } {
  const folder = mkdtempSync(join(tmpdir(), "patch-moi-unit-"));
  try {
    const file = join(folder, "patch-moi-runner.service");
    writeFileSync(file, text.replaceAll(PLACE, PROJECT));
    const { status, stdout, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
    return { status, said: `${stdout}${stderr}`.trim() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function shownUnit(): string {
  const guide = readDocuments(PROJECT).find(({ file }) => file === GUIDE) ?? expect.unreachable(`there is no ${GUIDE}`);
  for (const token of everyToken(guide.tokens))
    if (token.type === "code" && token.lang === "ini" && token.text.includes("[Service]")) return token.text;
  return expect.unreachable(`${GUIDE} shows no unit`);
}
