/**
 * What a reader of a page about a forge has before the first command, and what the page's examples stand for here.
 *
 * `$ORIGIN` is the Git server with lantern's repositories, `$API` the forge's API and `$API_HOST` its host, `$ISSUER`
 * who signs its ID tokens. `merge_it` does what a person does on the page of the proposal.
 *
 * @module
 */
import { generateKeyPairSync } from "node:crypto";
import type { ForgeKind } from "../../forge-server/forge-api.ts";
import type { Staging } from "./staging.ts";

/** The reader's own on the forge. */
export const PERSONS_TOKEN = "the-readers-token";

const APP_KEY = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
}).privateKey;

/** What a fork's account has in GitHub's place; `setup` would know the public forges by their hosts. */
const GITHUB: Staging = {
  files: { "app.pem": APP_KEY },
  means: {
    "https://github.com/": "$ORIGIN/",
    "setup fork": "setup fork --forge github --api $API",
    "setup forge lantern": "setup forge lantern --issuer $ISSUER",
    "GH_TOKEN=<your token: contents, workflows and pull requests of the fork, read and write>": `PATCH_MOI_FORGE_TOKEN=${PERSONS_TOKEN}`,
    "<your token>": PERSONS_TOKEN,
    "--host github.com": "--host $API_HOST",
    "app.pem": "$PLACE/app.pem",
  },
};

const AGAIN = "merge_it && npx patch.moi setup forge lantern --apply";

export const FORGE_STAGINGS: Readonly<Record<string, Staging & { forge?: ForgeKind }>> = {
  "docs/tutorials/fork-on-github.md": {
    ...GITHUB,
    forge: "github",
    means: { ...GITHUB.means, "--file event.json": '--file "$PLACE/event.json"' },
    before: {
      "npx patch.moi status": "until_it_is lantern.1 changed",
      "npx patch.moi apply -f patch-moi.json": `node -e '
        const fs = require("node:fs"), file = "patch-moi.json", all = JSON.parse(fs.readFileSync(file, "utf8"));
        all.stacks[0].policy.review = { pullRequest: true, status: true, intervention: "issue" };
        fs.writeFileSync(file, JSON.stringify(all));'`,
    },
    after: {
      "npx patch.moi setup forge lantern --apply": AGAIN,
      "npx patch.moi land lantern.1": "until_it_is lantern.2 changed",
    },
  },
  "docs/guides/github.md": {
    ...GITHUB,
    forge: "github",
    after: { "npx patch.moi setup forge lantern --apply": AGAIN },
  },
  "docs/guides/runner-in-ci.md": { goesOnFrom: "docs/guides/github.md" },
  "docs/guides/forgejo.md": {
    forge: "forgejo",
    files: { token: "the-deployments-token" },
    means: {
      "https://git.example.org/": "$ORIGIN/",
      "setup fork": "setup fork --forge forgejo --api $API",
      "setup forge lantern": "setup forge lantern --issuer $ISSUER",
      "<your token: write:repository, read:user>": PERSONS_TOKEN,
      "--host git.example.org": "--host $API_HOST",
      "--value-file token": '--value-file "$PLACE/token"',
    },
    after: { "npx patch.moi setup forge lantern --apply": AGAIN },
  },
  "docs/guides/gitlab.md": {
    forge: "gitlab",
    files: { token: "the-deployments-token" },
    means: {
      "https://gitlab.com/": "$ORIGIN/",
      "setup fork": "setup fork --forge gitlab --api $API",
      "setup forge lantern": "setup forge lantern --issuer $ISSUER",
      "GITLAB_TOKEN=<your token, scope api>": `PATCH_MOI_FORGE_TOKEN=${PERSONS_TOKEN}`,
      "--host gitlab.com": "--host $API_HOST",
      "--value-file token": '--value-file "$PLACE/token"',
    },
    before: {
      "npx patch.moi setup forge lantern --ref patch-moi-ci --apply": "git push -q origin HEAD:refs/heads/patch-moi-ci",
    },
    after: {
      "npx patch.moi setup forge lantern --ref patch-moi-ci --apply":
        "merge_it && npx patch.moi setup forge lantern --ref patch-moi-ci --apply",
    },
  },
};
