/**
 * What a deployment's numbers and settings say is wrong, each with what to do about it. Pure.
 *
 * @module
 */
import type { Finding, Health } from "../contract/health.ts";
import { IMPORT_QUIET_MS } from "../contract/record-import.ts";
import type { Settings } from "../platform/settings.ts";
import type { Vitals } from "../store/vitals.ts";

/** The cron comes every minute; this long without it is no accident, milliseconds. */
const CRON_LATE = 3 * 60_000;

/** Work that waits this long is stuck, not queued, milliseconds. */
const BACKLOG_LATE = 10 * 60_000;

type Examined = Pick<
  Vitals,
  | "cron"
  | "migration"
  | "sources"
  | "givenUp"
  | "deliveries"
  | "effects"
  | "dispatches"
  | "limited"
  | "restoring"
  | "secrets"
>;

/**
 * @param settings with the mark of the signing key, where there is one
 * @param newestMigration file name without its ending of the last migration that this version brings
 * @param now milliseconds since the epoch
 */
export function findings(
  vitals: Examined,
  settings: Pick<Settings, "signingKey" | "allowLocal"> & { keyMark: string | undefined },
  newestMigration: string,
  now: number,
): Required<Pick<Health, "healthy" | "degraded">> {
  const degraded: Finding[] = [];
  const healthy: string[] = ["database"];
  const examine = (what: string, found: Omit<Finding, "what"> | undefined): void => {
    if (found === undefined) healthy.push(what);
    else degraded.push({ what, ...found });
  };
  examine("migrations", migrations(vitals.migration, newestMigration));
  examine("secrets", secrets(settings));
  examine("keys", keys(vitals.secrets, settings.keyMark));
  examine("cron", cron(vitals.cron, now));
  examine("intake", intake(vitals.sources, now));
  examine("polls", polls(vitals.givenUp));
  examine("gaps", gaps(vitals.sources));
  examine("deliveries", deliveries(vitals.deliveries, now));
  examine("effects", effects(vitals.effects, now));
  examine("runners", runners(vitals.dispatches, now));
  examine("forges", forges(vitals.limited));
  examine("imports", imports(vitals.restoring, now));
  return { healthy, degraded };
}

type Found = Omit<Finding, "what"> | undefined;

function migrations(applied: string | null, newest: string): Found {
  const name = applied?.replace(/\.sql$/, "");
  // A newer one than ours is an upgrade under way: migrations only add.
  if (name !== undefined && name >= newest) return undefined;
  return {
    level: "error",
    why: `the database stands at ${name ?? "no migration"}, this version needs ${newest}`,
    next: "apply them: npx wrangler d1 migrations apply DB --remote",
  };
}

function secrets({ signingKey, allowLocal }: Pick<Settings, "signingKey" | "allowLocal">): Found {
  if (signingKey === undefined)
    return {
      level: "error",
      why: "the secret PATCH_SIGNING_KEY is not set, so no runner can claim work",
      next: "set 32 random characters or more: npx wrangler secret put PATCH_SIGNING_KEY",
    };
  if (allowLocal)
    return {
      level: "warning",
      why: "PATCH_ALLOW_LOCAL is true, so feeds and notifications may use http and loopback addresses",
      next: "right for development; set it to false in wrangler.toml for a deployment",
    };
  return undefined;
}

/** After an import into a deployment with a key of its own nothing else would say why runners are refused. */
function keys(secrets: Vitals["secrets"], mark: string | undefined): Found {
  const others = mark === undefined ? [] : secrets.filter((one) => one.mark !== mark);
  if (others.length === 0) return undefined;
  const named = others.map(({ one, count }) => (count === 1 ? one : `${one} and ${count - 1} more`)).join(", ");
  return {
    level: "error",
    why: `PATCH_SIGNING_KEY is another one than the secrets were derived from of ${named}: what they sign is refused`,
    next: "set the former key again; or for a runner: patch.moi runners rotate NAME; for a webhook: POST /feed-sources/ID/webhook-secret, and give the forge the new one",
  };
}

function cron(tick: Vitals["cron"], now: number): Found {
  if (tick === null)
    return {
      level: "error",
      why: "the cron has never come, so no source is polled",
      next: "deploy with the [triggers] of wrangler.toml; in development `npm run dev` calls it; once by hand: patch.moi tick",
    };
  const late = now - Date.parse(tick.at);
  if (late > CRON_LATE)
    return {
      level: "error",
      why: `the cron came last ${minutes(late)} ago, at ${tick.at}`,
      next: "look at the Worker's cron triggers and at its log: patch.moi tail --level error",
    };
  if (tick.failed.length > 0)
    return {
      level: "error",
      why: `in its last run: ${tick.failed.join("; ")}`,
      next: "it tries again every minute; if this stays, look at the log: patch.moi tail --level error",
    };
  return undefined;
}

function intake({ overdue, overdueSince, failing, declared }: Vitals["sources"], now: number): Found {
  if (overdueSince !== null && now - Date.parse(overdueSince) > BACKLOG_LATE)
    return {
      level: "error",
      why: `${overdue} sources wait for their poll, the longest for ${minutes(now - Date.parse(overdueSince))}`,
      next: "look at the queue patch-moi-polls and its consumer: npx wrangler queues info patch-moi-polls",
    };
  if (failing > 0)
    return {
      level: "warning",
      why: `the last poll of ${failing} of ${declared} sources failed`,
      next: "see which and why: patch.moi sources",
    };
  return undefined;
}

/** They are made up for by themselves; that they were needed wants a look. */
function polls({ today, last }: Vitals["givenUp"]): Found {
  if (last === null) return undefined;
  return {
    level: "warning",
    why: `within a day ${today} ${today === 1 ? "batch" : "batches"} of polls broke off or could not be stored three times, last at ${last}; their sources are tried by fewer, and alone in the end`,
    next: "a source that fails alone says so: patch.moi sources; why stands in the log: patch.moi tail --level error; when many do, set PATCH_POLL_BATCH lower",
  };
}

function gaps({ gaps: count, gapsSince }: Vitals["sources"]): Found {
  if (gapsSince === null) return undefined;
  return {
    level: "warning",
    why: `${count} sources may have missed something, the first at ${gapsSince}: more happened than their feeds show, and no repository could be read that tells it`,
    next: "see which and what they lack: patch.moi sources",
  };
}

function deliveries({ pending, oldest }: Vitals["deliveries"], now: number): Found {
  if (oldest === null || now - Date.parse(oldest) <= BACKLOG_LATE) return undefined;
  return {
    level: "error",
    why: `${pending} events were not taken by their stacks, the oldest for ${minutes(now - Date.parse(oldest))}`,
    next: "the cron offers them every minute; why they are not taken stands in the log: patch.moi tail --level warn",
  };
}

function effects({ dead, pending, oldest }: Vitals["effects"], now: number): Found {
  if (dead > 0)
    return {
      level: "warning",
      why: `${dead} effects were given up`,
      next: "see which and why, then send them again: patch.moi interventions",
    };
  if (oldest === null || now - Date.parse(oldest) <= BACKLOG_LATE) return undefined;
  return {
    level: "warning",
    why: `${pending} effects could not leave yet, the oldest for ${minutes(now - Date.parse(oldest))}`,
    next: "they are tried again with growing waits; what refuses them stands in the log: patch.moi tail --level warn",
  };
}

function runners({ waiting, oldest }: Vitals["dispatches"], now: number): Found {
  if (oldest === null || now - Date.parse(oldest) <= BACKLOG_LATE) return undefined;
  return {
    level: "warning",
    why: `${waiting} jobs wait for a runner, the oldest for ${minutes(now - Date.parse(oldest))}`,
    next: "start one with the labels that the stack asks for: patch.moi runner start; who is there: patch.moi runners list",
  };
}

function forges(limited: Vitals["limited"]): Found {
  if (limited.length === 0) return undefined;
  const told = limited.slice(0, 5).map(({ what, until }) => `${what} until ${until}`);
  const more = limited.length > told.length ? `, and ${limited.length - told.length} more` : "";
  return {
    level: "warning",
    why: `rate limits are spent, and nothing is asked with these credentials before their end: ${told.join(", ")}${more}`,
    next: "their stacks go on by themselves then; if this comes often, give a GitHub App or more credentials the work",
  };
}

/** Nothing acts on what is half there: no stack is handed out, no source is polled, and nothing else would say so. */
function imports({ count, oldest, lastAt }: Vitals["restoring"], now: number): Found {
  const [first] = oldest;
  if (first === undefined) return undefined;
  const names = oldest.map(({ what }) => what).join(", ");
  const more = count > oldest.length ? `, and ${count - oldest.length} more` : "";
  const until = `until it is finished nothing is done for ${names}${more}`;
  // Of a restoration from before imports were written down there is no more than when it began.
  const last = lastAt ?? first.since;
  const quiet = now - Date.parse(last);
  if (quiet <= IMPORT_QUIET_MS)
    return {
      level: "warning",
      why: `an import is under way, its last lines came ${seconds(quiet)} ago; ${until}`,
      next: "let it come to its end; how far it is: patch.moi imports",
    };
  return {
    level: "error",
    why: `an import broke off, no lines came for ${minutes(quiet)}, since ${last}; ${until}`,
    next: "import the same file again: patch.moi import FILE; without it: patch.moi import --give-up ID, of patch.moi imports",
  };
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}

function minutes(ms: number): string {
  const whole = Math.round(ms / 60_000);
  return whole < 120 ? `${whole} min` : `${Math.round(whole / 60)} h`;
}
