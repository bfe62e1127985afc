/**
 * When a notification may leave: a person who sleeps is not woken by what can wait, and what comes up
 * together is told together.
 *
 * @module
 */
import type { QuietHours, StackPolicy } from "../../worker/contract/stack.ts";

const MINUTE = 60_000;
const DAY_MINUTES = 24 * 60;

/** When what the policy wants told at `now` leaves: messages of a group at the same moment. Milliseconds since the epoch. */
export function leavesAt({ groupMinutes, quietHours }: StackPolicy["notify"], now: number): number {
  const span = (groupMinutes ?? 0) * MINUTE;
  const end = span === 0 ? now : now - (now % span) + span;
  return afterQuietHours(quietHours, end);
}

/**
 * The time given, or the end of the quiet hours that it falls into; milliseconds since the epoch. Minutes
 * are walked in the time zone itself, so that a change to or from summer time moves the end with the clock.
 */
export function afterQuietHours(quiet: QuietHours | undefined, at: number): number {
  if (quiet === undefined || !isQuiet(quiet, at)) return at;
  let end = at - (at % MINUTE);
  // Far ahead at once, the rest minute by minute; an hour of slack for a clock that is set.
  end += Math.max(0, minutesUntil(quiet.to, minuteOfDay(quiet.timeZone, end)) - 61) * MINUTE;
  while (isQuiet(quiet, end)) end += MINUTE;
  return end;
}

function isQuiet({ from, to, timeZone }: QuietHours, at: number): boolean {
  const now = minuteOfDay(timeZone, at);
  const [start, end] = [minutes(from), minutes(to)];
  return start <= end ? now >= start && now < end : now >= start || now < end;
}

function minutesUntil(time: string, now: number): number {
  return (minutes(time) - now + DAY_MINUTES) % DAY_MINUTES;
}

/** `22:30` as minutes since midnight. */
function minutes(time: string): number {
  const [hour = "0", minute = "0"] = time.split(":");
  return Number(hour) * 60 + Number(minute);
}

function minuteOfDay(timeZone: string, at: number): number {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return minutes(format.format(at));
}
