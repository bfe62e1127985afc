/**
 * Dates of feeds: RFC 3339 and W3C-DTF (Atom, Dublin Core, JSON Feed), RFC 822 as found in the wild
 * (RSS: `UT`, `-0000`, two-digit years, no weekday).
 *
 * @module
 */

const ISO =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?)?)?)?$/i;
const RFC_822 =
  /^(?:[A-Z]{3,9},?\s+)?(\d{1,2})[\s-]+([A-Z]{3})[A-Z]*[\s-]+(\d{4}|\d\d)\s+(\d{1,2}):(\d\d)(?::(\d\d))?\s*([+-]\d{4}|[A-Z]{1,5})?$/i;

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** Offsets of RFC 822's zone names, hours. Military letters are UTC here, as RFC 2822 advises. */
const ZONES: Readonly<Record<string, number>> = {
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
};

/** Reads a feed's date as an ISO 8601 UTC string; undefined for anything that is not clearly one. */
export function readFeedDate(text: string): string | undefined {
  const trimmed = text.trim().slice(0, 64);
  const iso = ISO.exec(trimmed);
  if (iso !== null) {
    const [, year, month = "01", day = "01", hour = "00", minute = "00", second = "00", fraction = "", zone] = iso;
    return instant([year, month, day, hour, minute, second], fraction, zone);
  }
  const rfc = RFC_822.exec(trimmed);
  if (rfc === null) return undefined;
  const [, day, name, year, hour, minute, second = "00", zone] = rfc;
  const month = MONTHS.indexOf((name ?? "").toLowerCase()) + 1;
  return month === 0 ? undefined : instant([fullYear(year ?? ""), String(month), day, hour, minute, second], "", zone);
}

function instant(
  parts: readonly (string | undefined)[],
  fraction: string,
  zone: string | undefined,
): string | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 24 || minute > 59 || second > 60) return undefined;
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const milliseconds = Number(`0.${fraction === "" ? "0" : fraction}`) * 1000;
  const local = Date.UTC(year, month - 1, day, hour, minute, second, Math.floor(milliseconds));
  return new Date(local - offsetMinutes(zone) * 60_000).toISOString();
}

/** No zone and unknown zones count as UTC: a guess, but one that is off by hours and never by days. */
function offsetMinutes(zone: string | undefined): number {
  const numeric = /^([+-])(\d\d):?(\d\d)$/.exec(zone ?? "");
  if (numeric !== null) {
    const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
    return numeric[1] === "-" ? -minutes : minutes;
  }
  return (ZONES[(zone ?? "").toUpperCase()] ?? 0) * 60;
}

/** RFC 2822 section 4.3. */
function fullYear(year: string): string {
  if (year.length !== 2) return year;
  return Number(year) < 50 ? `20${year}` : `19${year}`;
}
