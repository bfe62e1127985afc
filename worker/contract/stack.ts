/**
 * A patch stack: upstream repository, fork repository, patch branch and policy.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Channels } from "./channel.ts";
import { ForecastPolicy, LatestForecast } from "./forecast.ts";
import { ForgeSettings, forgeRepository } from "./forge.ts";
import { ForgeIdentity } from "./forge-identity.ts";
import { FolderPath, isRefName, Name, Oid, RefName, RepositoryUrl, Timestamp } from "./primitives.ts";
import { CAPABILITIES, DriverName, SurfaceSettings, surfaceIssues } from "./surface.ts";

/** How versions are read from tags; `auto` decides by the look of the version. */
export const VersionScheme = z.enum(["auto", "semver", "pep440", "calendar", "loose"]);
export type VersionScheme = z.infer<typeof VersionScheme>;

/** Which upstream releases count. A stack follows one release line and never goes down on it. */
export const ReleasePolicy = z
  .strictObject({
    /** Globs over the whole tag (`rust-v*`). None means every tag. */
    include: z.array(z.string().min(1).max(200)).max(50).default([]),
    /** Globs over the whole tag that never count. Exclude wins over include. */
    exclude: z.array(z.string().min(1).max(200)).max(50).default([]),
    /** Exact text before the version (`rust-v`). Without it, whatever stands before the first digit. */
    prefix: z.string().max(100).optional(),
    prereleases: z.boolean().default(false),
    scheme: VersionScheme.default("auto"),
  })
  .openapi("ReleasePolicy");
export type ReleasePolicy = z.infer<typeof ReleasePolicy>;

/** What an operator may be told about; every one is a change of an attempt's state. */
export const NotifyEvent = z.enum([
  "changed",
  "completed",
  "needs_intervention",
  "blocked",
  "failed",
  "timed_out",
  "landed",
  /** A channel stands on another candidate. */
  "promoted",
  "superseded",
  /** A security advisory about what the stack follows, whatever becomes of it. */
  "advisory",
]);
export type NotifyEvent = z.infer<typeof NotifyEvent>;

/** Where notifications go; which of them are set up is the deployment's. */
export const NotifyTarget = z.enum(["discord", "slack", "webhook", "email"]);
export type NotifyTarget = z.infer<typeof NotifyTarget>;

const TimeOfDay = z
  .string()
  .regex(/^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/, "is a time like 22:30")
  .openapi({ example: "22:30" });

export const QuietHours = z
  .strictObject({
    from: TimeOfDay,
    /** Earlier than `from` is the next day. */
    to: TimeOfDay,
    /** IANA name, for example `Europe/Berlin`. */
    timeZone: z
      .string()
      .max(100)
      .refine(isTimeZone, "is not a time zone; use a name like Europe/Berlin")
      .default("UTC"),
  })
  .refine(({ from, to }) => from !== to, "from and to are the same: that would be all day or never")
  .openapi("QuietHours", { example: { from: "22:00", to: "07:00", timeZone: "Europe/Berlin" } });
export type QuietHours = z.infer<typeof QuietHours>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * What the work on an attempt is: the built-in `replay` of the branch's patches, or the `flow` packages
 * of the runner's workspace whose steps match the event.
 */
export const StackWork = z.enum(["replay", "flow"]);
export type StackWork = z.infer<typeof StackWork>;

export const StackPolicy = z
  .strictObject({
    work: StackWork.default("replay"),
    /** When a newer event arrives while an attempt is open: drop the older one, or work in order. */
    onNewer: z.enum(["supersede", "queue"]).default("supersede"),
    releases: ReleasePolicy.default(ReleasePolicy.parse({})),
    /**
     * What a security advisory about upstream does: nothing, a note and a notification, or at once an attempt
     * onto the newest release with the fix (without one, an intervention).
     */
    advisories: z.enum(["ignore", "notify", "urgent"]).default("notify"),
    /** Shell commands run in a checkout of the result, in order; the first failure stops. */
    verify: z.array(z.string().min(1).max(4000)).max(20).default([]),
    /** How the commands are run. */
    verification: z
      .strictObject({
        /** Folders that the checkout has, beside the files at its top; none means all of it. */
        sparse: z.array(FolderPath).max(50).default([]),
        /** Folders that are kept on the runner from one verification of the stack to the next. */
        cache: z.array(FolderPath).max(20).default([]),
        /** After a failure that is not upstream's: find the first patch that fails, by halving. */
        bisect: z.boolean().default(true),
      })
      .optional(),
    /** Store a person's resolutions in the fork (`refs/patch-moi/rerere`) and use them for the same conflicts later. */
    rememberResolutions: z.boolean().default(true),
    /** Shell command that may resolve conflicts, run in a checkout with the conflict; verified like anything else. */
    resolver: z.string().min(1).max(4000).optional(),
    /** Branch name for candidates; `<stackId>`, `<tag>` and `<attempt>` are filled in. */
    candidateRef: z
      .string()
      .max(200)
      .default("patch-moi/<stackId>/<tag>")
      .refine(
        (s) => isRefName(s.replaceAll(/<(?:stackId|tag|attempt)>/g, "x")),
        "is not a branch name; the placeholders are <stackId>, <tag> and <attempt>",
      ),
    /**
     * What lands a candidate: a person, its verification, or the forge's own checks on it once all are green.
     */
    landing: z.enum(["manual", "auto", "after_checks"]).default("manual"),
    /** Of landing `after_checks`. */
    checks: z
      .strictObject({
        /** Names of the checks that must be green; others do not count then. None: every check that reports. */
        required: z.array(z.string().min(1).max(255)).max(50).default([]),
      })
      .optional(),
    driver: DriverName.default("pull"),
    /** Where the driver's surface is, and how it is used. */
    surface: SurfaceSettings.optional(),
    /** The forge's job that may claim attempts with its ID token; absent, none may. */
    identity: ForgeIdentity.optional(),
    /** A runner must have all of these labels to be given this stack's work. */
    runnerLabels: z.array(Name).max(20).default([]),
    deadlines: z
      .strictObject({
        /** From hand-over to claim. A pull runner may be switched off over a weekend: hence three days. */
        startSeconds: z
          .int()
          .min(10)
          .max(30 * 86_400)
          .default(3 * 86_400),
        /** From claim to result, however well the heartbeats go. */
        attemptSeconds: z.int().min(10).max(86_400).default(3600),
        /** From a candidate to its checks being green, with landing `after_checks`; then a person is asked. */
        checksSeconds: z
          .int()
          .min(60)
          .max(14 * 86_400)
          .default(6 * 3600),
        /** One verify command. */
        verifySeconds: z.int().min(1).max(86_400).default(1800),
      })
      .prefault({}),
    /** Attempts whose runner's log is kept, newest first. The journal is kept for ever. */
    keepLogs: z.int().min(1).max(200).default(50),
    /** Asks for forecasts: a regular look at how the stack would fare on upstream's branch head. */
    forecast: ForecastPolicy.optional(),
    /** Automatic retries after infrastructure faults. */
    automaticRetries: z.int().min(0).max(3).default(3),
    /** What is put before people on the fork's forge. */
    review: z
      .strictObject({
        /** One open pull request per stack, for its newest candidate. */
        pullRequest: z.boolean().default(false),
        /** A commit status on the candidate. */
        status: z.boolean().default(false),
        /** What an attempt that needs a person becomes there. */
        intervention: z.enum(["none", "issue"]).default("none"),
      })
      .prefault({}),
    notify: z
      .strictObject({
        /** Empty means off. Where they go is the deployment's `DISCORD_WEBHOOK_URL`. */
        discord: z.array(NotifyEvent).max(20).default([]),
        /** To the deployment's `SLACK_WEBHOOK_URL`. */
        slack: z.array(NotifyEvent).max(20).default([]),
        /** To the deployment's `NOTIFY_WEBHOOK_URL`, signed as Standard Webhooks say. */
        webhook: z.array(NotifyEvent).max(20).default([]),
        /** To the deployment's `EMAIL_TO`. */
        email: z.array(NotifyEvent).max(20).default([]),
        /** What falls into these hours leaves at their end. */
        quietHours: QuietHours.optional(),
        /** What comes up within so many minutes of the clock (0 to 15, 15 to 30, …) leaves as one message at their end. */
        groupMinutes: z.int().min(1).max(1440).optional(),
      })
      .prefault({}),
  })
  .superRefine(({ driver, surface }, ctx) => {
    for (const { message, path } of surfaceIssues(driver, surface))
      ctx.addIssue({ code: "custom", path: ["surface", ...path], message: `${message} (driver '${driver}')` });
  })
  .openapi("StackPolicy");
export type StackPolicy = z.infer<typeof StackPolicy>;

const StackFields = z.strictObject({
  upstream: z.strictObject({ url: RepositoryUrl }).optional(),
  fork: z
    .strictObject({
      url: RepositoryUrl,
      /** Which forge it lives on; known by itself for github.com, gitlab.com, codeberg.org and gitea.com. */
      forge: ForgeSettings.optional(),
    })
    .optional(),
  /** The maintained branch in the fork: patches as ordinary commits on top of upstream. */
  branch: RefName.optional(),
  /** Upstream commit or tag the branch stands on now; found by `merge-base` when absent. */
  base: z.union([Oid, RefName]).optional(),
  policy: StackPolicy.prefault({}),
  /** Who consumes the stack's candidates, by name. */
  channels: Channels.optional(),
});

/** A replay, a forecast and channels need all three; a flow package may know its repositories itself, and so does a workspace. */
const REPOSITORIES = ["upstream", "fork", "branch"] as const;

/** For `superRefine`: says which of them a stack lacks. */
export function needsRepositories(stack: z.infer<typeof StackFields>, ctx: z.RefinementCtx): void {
  const { work, driver, forecast, landing } = stack.policy;
  if (stack.channels !== undefined && !CAPABILITIES[driver].claims)
    ctx.addIssue({ code: "custom", path: ["channels"], message: `need a runner; '${driver}' brings none` });
  if (landing === "after_checks")
    for (const message of whyNoChecks(stack)) ctx.addIssue({ code: "custom", path: ["policy", "landing"], message });
  if (forecast === undefined && stack.channels === undefined && (work === "flow" || !CAPABILITIES[driver].claims))
    return;
  for (const name of REPOSITORIES)
    if (stack[name] === undefined) ctx.addIssue({ code: "custom", path: [name], message: "is missing" });
}

function whyNoChecks({ fork, policy }: z.infer<typeof StackFields>): string[] {
  if (!CAPABILITIES[policy.driver].claims)
    return [`'after_checks' needs a runner that lands; '${policy.driver}' brings none`];
  if (fork === undefined) return ["'after_checks' reads the checks of the fork's forge; name the fork"];
  const forge = forgeRepository(fork);
  return forge.ok ? [] : [`'after_checks' reads the checks of the fork's forge: ${forge.message}`];
}

/** What an operator declares (`PUT /stacks/:id`, `patch-moi.json`). */
export const StackConfig = StackFields.superRefine(needsRepositories).openapi("StackConfig");
export type StackConfig = z.infer<typeof StackConfig>;

/** Where a stack's patches live; undefined for one whose flow packages know that alone. */
export function repositoriesOf(stack: Pick<StackConfig, (typeof REPOSITORIES)[number]>): StackRepositories | undefined {
  const { upstream, fork, branch } = stack;
  return upstream === undefined || fork === undefined || branch === undefined ? undefined : { upstream, fork, branch };
}
export type StackRepositories = {
  upstream: { url: string };
  fork: { url: string; forge?: ForgeSettings | undefined };
  branch: string;
};

/** A stack as the API shows it: what was declared, and where it stands. */
export const Stack = StackFields.extend({
  id: Name,
  paused: z.boolean(),
  /** Tag or commit the maintained branch was last landed on. */
  carried: z.object({ tag: z.string().optional(), oid: Oid, landedAt: Timestamp }).optional(),
  /** Highest upstream version accepted so far: lower ones are refused as downgrades. */
  highestTag: z.string().optional(),
  currentAttemptId: z.string().optional(),
  /** The newest forecast, for a stack that asks for them. */
  forecast: LatestForecast.optional(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
}).openapi("Stack");
export type Stack = z.infer<typeof Stack>;
