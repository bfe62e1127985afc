/**
 * Every command of the documents that the walk does not type, and why. What is neither here nor typed fails the walk,
 * and so does what is here and in no document any more. The commands test still reads all of them.
 *
 * @module
 */

export type NotTyped = {
  why: string;
  /** Files that run these lines, where some do: the walk looks for each command in them. */
  by?: readonly string[];
  /** The document where the walk types these lines. */
  on?: string;
  /** Lines by document, as they stand there without their comments. */
  lines: Record<string, readonly string[]>;
};

export const NOT_TYPED: readonly NotTyped[] = [
  {
    why: "is typed where another page has it",
    on: "docs/guides/deploy.md",
    lines: {
      "README.md": ["npm run deploy"],
      "docs/tutorials/fork-on-github.md": ["npm run deploy"],
    },
  },
  {
    why: "signs in on a page of Cloudflare's; commands.test.ts looks that wrangler takes it",
    lines: {
      "docs/guides/deploy.md": ["npx wrangler login"],
      "docs/tutorials/fork-on-github.md": ["npx wrangler login"],
    },
  },
  {
    why: "wants root and a machine that systemd started; systemd-unit.test.ts has systemd read the unit, whose command the walk starts",
    lines: {
      "docs/guides/runner-as-a-service.md": [
        "sudo useradd --system --create-home --home-dir /var/lib/patch-moi --shell /usr/sbin/nologin patch-moi",
        "sudo systemctl enable --now patch-moi-runner",
        "sudo journalctl -u patch-moi-runner -f",
        "sudo systemctl restart patch-moi-runner",
      ],
    },
  },
  {
    why: "is the deployment that the walk walks in; a test of its own starts it",
    by: ["harness/dev.test.ts"],
    lines: {
      "README.md": ["npm run dev"],
      "docs/tutorials/first-stack.md": ["npm run dev"],
      "docs/tutorials/watch-a-real-upstream.md": ["npm run dev"],
    },
  },
  {
    why: "is what CI runs, this walk with it",
    by: [".ci/run"],
    lines: {
      "README.md": ["npm test"],
      "CONTRIBUTING.md": ["npm ci", "npm run check", "npm test"],
      "docs/guides/upgrade.md": ["npm ci"],
      "docs/guides/runner-as-a-service.md": ["npm ci"],
      "docs/tutorials/fork-on-github.md": ["npm ci"],
      "docs/tutorials/first-rehearsal.md": ["npm ci"],
    },
  },
  { why: "is CI itself", by: [".github/workflows/check.yml"], lines: { "CONTRIBUTING.md": [".ci/run"] } },
  {
    why: "is typed by a test of its own, which also reads what the page shows",
    by: ["harness/rehearsal/rehearsal.test.ts", ".ci/run"],
    lines: {
      "README.md": ["npm ci && npm run rehearse"],
      "docs/tutorials/first-rehearsal.md": ["npm run rehearse"],
    },
  },
  {
    why: "is typed by a test of its own: no other plays seeds and mutants",
    by: ["harness/simulate/simulate.test.ts"],
    lines: {
      "docs/concepts/proof.md": ["npm run simulate -- --seeds 100", "npm run simulate -- --from 7 --trace"],
    },
  },
  {
    why: "measures for minutes, and belongs on an idle machine",
    lines: {
      "docs/reference/benchmarks.md": ["npm run bench", "npm run bench -- stack", "npm run bench -- api --json"],
    },
  },
];
