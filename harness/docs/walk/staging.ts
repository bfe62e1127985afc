/**
 * What a reader of each page has before the first command, and what the page's examples stand for here.
 *
 * @module
 */
export type Staging = {
  /** Files that the reader has, beside those that the page says to write. */
  files?: Record<string, string>;
  /** Has npm itself, and not what it makes of `npm run patch.moi`. */
  npm?: boolean;
  /** A page that goes on where another ended shares its place and shell. */
  goesOnFrom?: string;
  /** Of this page only these lines are typed here, and not its files. */
  only?: readonly string[];
  /** Lines of the page that another scene types, which has them as its `only`. */
  elsewhere?: readonly string[];
  /** Of lines that do not end by themselves: what has to come before they are stopped, and shell typed meanwhile. */
  endless?: Record<string, { says: string; meanwhile: string }>;
  /** Text of the page by what it stands for here, as shell may read it. */
  means?: Record<string, string>;
  /** Shell typed first. */
  first?: string;
  /** Shell typed before a line: what the page says in words only. */
  before?: Record<string, string>;
  /** Shell typed after a line: what the page says to do then. */
  after?: Record<string, string>;
};

/** What is asked of an account, and what of a deployment in one. */
export const TIME_TRAVEL = [
  "npx wrangler d1 time-travel info DB --timestamp=2026-01-31T12:00:00Z --config=.patch-moi/deploy/production.json",
  "npx wrangler d1 time-travel restore DB --timestamp=2026-01-31T12:00:00Z --config=.patch-moi/deploy/production.json",
];
export const TAIL_OF_STAGING = ["patch.moi tail --env staging --json | jq -r .name"];

/** `$ORIGIN` is the Git server with lantern's repositories, `$GIT_PORT` a free port. */
export const STAGINGS: Record<string, Staging> = {
  "README.md": {},
  "docs/concepts/proof.md": {
    means: { "node harness/chaos/main.ts": 'node "$PROJECT/harness/chaos/main.ts"' },
  },
  "docs/tutorials/first-stack.md": {
    npm: true,
    means: {
      "git://127.0.0.1/": "git://127.0.0.1:$GIT_PORT/",
      "--listen=127.0.0.1": '--listen=127.0.0.1 --port=$GIT_PORT --pid-file="$PID_FILE"',
    },
  },
  "docs/tutorials/resolve-a-conflict.md": { goesOnFrom: "docs/tutorials/first-stack.md" },
  "docs/tutorials/watch-a-real-upstream.md": {
    means: { "https://github.com/honojs/hono/releases.atom": "$ORIGIN/lantern-project/lantern/releases.atom" },
    first: 'mkdir -p .patch-moi && ln -s "$EDGE_LOG" .patch-moi/dev.log',
  },
  "docs/guides/back-up-and-restore.md": {
    elsewhere: TIME_TRAVEL,
    files: { "patch-moi.json": JSON.stringify({ stacks: [stack("web")] }) },
  },
  "docs/guides/channels.md": {
    first: 'git clone -q "$ORIGIN/office/lantern.git" fork && cd fork',
    // The channel has moved once before somebody else moves its branch.
    before: {
      "git push origin --delete patch-moi/lantern/channel/public":
        "patch.moi promote lantern.1.c1 --channel public && patch.moi runner once && patch.moi runner once",
    },
  },
  "docs/guides/flow-packages.md": {
    before: {
      "npm run -s patch.moi -- run codex-release --tag v1.1.0 --repo lantern-project/lantern --dry-run --workspace workspace":
        "mkdir -p workspace/flows/lantern-notes && mv flow.toml step.mjs workspace/flows/lantern-notes/",
    },
  },
  "docs/guides/from-a-script-or-a-sync-action.md": {
    means: { "my-fork": "office", "v2.0.0": "v1.1.0", "land web.1": 'land "$CARRIED"' },
    first:
      'git clone -q "$ORIGIN/office/lantern.git" fork && cd fork && git switch -q office && git remote add upstream "$ORIGIN/lantern-project/lantern.git"',
    // The runner works, and a person looks at what it made.
    before: {
      "patch.moi land web.1":
        "work_is_done && CARRIED=$(patch.moi candidates --stack web | grep -o 'web\\.[0-9]*' | head -n 1)",
    },
  },
  "docs/guides/older-files.md": {
    files: {
      "sources.json": JSON.stringify({
        sources: [
          {
            id: "older-lantern",
            provider: "github",
            url: "$ORIGIN/lantern-project/lantern/releases.atom",
            event: "release",
            target: { mode: "notify_only" },
          },
        ],
      }),
      "feed-events.jsonl": JSON.stringify({
        sourceId: "older-lantern",
        entryId: "v1.0.0",
        tag: "v1.0.0",
        at: "2024-01-01",
      }),
    },
    means: { "/path/to/DATA_DIR": "." },
  },
  "docs/guides/resolve-a-conflict.md": {
    means: { "lantern.7": "lantern.$CONFLICT", "<base>": '"$(git merge-base origin/office v1.3.0)"' },
    // The reader's hand: takes both sides out and writes what is to stand there.
    first: [
      "CONFLICT=2",
      "resolved() { sed -i -e '/^<<<<<<< /,/^>>>>>>> /d' -e 's/^module.exports = {$/&\\n  maxConnections: 400,/' lib/limits.cjs && git add lib/limits.cjs; }",
      'git() { command git "$@" && return; [ "$1" = rebase ] && resolved && GIT_EDITOR=true command git rebase --continue; }',
    ].join("\n"),
    before: {
      "npm run patch.moi -- resume lantern.7 --local --continue": "(cd patch-moi-lantern.$CONFLICT && resolved)",
      // The other way is for the same conflict, had it not been resolved the first way.
      "git fetch upstream --tags && git fetch origin": [
        `CONFLICT=$(patch.moi replay "patch:walk:v1.3.0:upstream.release" | grep -o 'lantern\\.[0-9]*' | head -n 1 | cut -d. -f2)`,
        "work_is_done && cd patch-moi-lantern.2",
      ].join("\n"),
      'npm run patch.moi -- resume lantern.7 --note "limits moved to lib/limits.cjs" --ref lantern-v1.3.0-resolved':
        "cd ..",
    },
  },
  "docs/guides/runner.md": {},
  // Typed by who stands here, and not by root and the user of its own: users and units of this machine are not ours.
  "docs/guides/runner-as-a-service.md": {
    npm: true,
    first: [
      'git clone -q "$PROJECT" released && git -C released switch -q -C main && git clone -q -b main released opt',
      'ln -s "$PROJECT/node_modules" opt/node_modules',
    ].join("\n"),
    means: {
      "/opt/patch-moi": "$PLACE/opt",
      "sudo --preserve-env=PATCH_MOI_URL,PATCH_MOI_TOKEN -u patch-moi -H ": "",
      "builder-1": "builder-of-a-unit",
    },
    before: {
      // What systemd would have started by now: the unit's own command, stopped by the unit's own signal. (`[p]` keeps
      // the path from being meant as the page's is.)
      "patch.moi runners list": [
        `START=$(sed -n 's/^ExecStart=//p' "$PROJECT/docs/guides/runner-as-a-service.md" | sed "s|/opt/[p]atch-moi|$PWD|g")`,
        'until_it_says "takes jobs" "$START" ""',
      ].join("\n"),
      "git pull": 'git -C "$PLACE/released" commit -q --allow-empty -m "A newer version"',
    },
    after: {
      "patch.moi runners list": "patch.moi runners list | grep builder-of-a-unit",
      "git pull": 'git log -1 --format=%s | grep "A newer version"',
    },
  },
  "docs/guides/set-up-a-fork.md": {
    first: 'git clone -q -b office "$ORIGIN/office/lantern.git" fork && cd fork',
  },
  "docs/guides/watch-a-deployment.md": {
    elsewhere: TAIL_OF_STAGING,
    // Nobody takes messages here, so that one which leaves fails.
    files: {
      "told.json": JSON.stringify({ stacks: [stack("web", { notify: { discord: ["superseded"] } })] }),
      "v1.8.0.json": told("v1.8.0"),
      "v1.9.0.json": told("v1.9.0"),
    },
    first: 'mkdir -p .patch-moi && ln -s "$EDGE_LOG" .patch-moi/dev.log',
    before: { "patch.moi tail --stack web --level warn": "patch.moi apply -f told.json --yes" },
    endless: {
      "patch.moi tail --stack web --level warn": {
        says: "outbox.retry .* web",
        meanwhile: "for tag in v1.8.0 v1.9.0; do patch.moi run event --file $tag.json --stack web >/dev/null; done",
      },
    },
  },
  "docs/guides/webhooks.md": {},
  "docs/guides/workspace-backend.md": {
    files: { secret: "a-secret-of-this-walk" },
    means: { EVENT_ID: "patch:walk:v1.1.0:upstream.release", ATTEMPT_ID: "lantern.1" },
  },
};

function stack(id: string, policy: object = { releases: { include: ["v1.1.0"] } }): object {
  return {
    id,
    upstream: { url: "$ORIGIN/lantern-project/lantern.git" },
    fork: { url: `$ORIGIN/office/${id}.git` },
    branch: "office",
    policy,
  };
}

function told(tag: string): string {
  return JSON.stringify({
    id: `patch:told:${tag}:upstream.release`,
    type: "upstream.release",
    payload: { entry: { entryId: tag, tag } },
  });
}
