/**
 * One fact as a line for a person: aligned, coloured, and the attempt named only where it changes.
 *
 * @module
 */
import { colors } from "../client/colors.ts";
import { statusWord } from "../client/table.ts";
import type { Fact } from "./fact.ts";

const NAME_WIDTH = 19;
const ATTEMPT_WIDTH = 16;

/** Fields with a place of their own in the line. */
const PLACED = new Set(["stackId", "attemptId", "seq", "from", "to", "epoch"]);

/** Fields that deserve lines of their own. */
const EXPANDED = new Set(["error", "stack", "message", "failed", "problems"]);

export class FactView {
  private last: string | undefined;

  /** The lines of a fact, without the final line break. */
  show(fact: Fact): string {
    const { fields } = fact;
    const about = text(fields.attemptId) ?? text(fields.stackId) ?? text(fields.sourceId) ?? "";
    const grouped = about !== "" && about === this.last;
    this.last = about;
    const head = [
      colors.dim(clock(fact.at)),
      tint(fact)(fact.name.padEnd(NAME_WIDTH)),
      (grouped ? colors.dim("│") : colors.bold(about)) +
        " ".repeat(Math.max(0, ATTEMPT_WIDTH - (grouped ? 1 : about.length))),
    ];
    const said = [transition(fields), details(fields, about)].filter((part) => part !== "").join("  ");
    const more = fact.level === "info" ? [] : expanded(fields);
    return [`${head.join("  ")}  ${said}`.trimEnd(), ...more].join("\n");
  }
}

function clock(at: string): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? at.slice(0, 8).padEnd(8) : time.toTimeString().slice(0, 8);
}

function tint({ level }: Fact): (text: string) => string {
  if (level === "error") return colors.red;
  return level === "warn" ? colors.yellow : colors.cyan;
}

function transition({ from, to, epoch }: Fact["fields"]): string {
  const reached = text(to);
  if (reached === undefined) return "";
  const left = text(from);
  const by = typeof epoch === "number" && epoch > 1 ? colors.dim(` epoch ${epoch}`) : "";
  return `${left === undefined ? "new" : colors.dim(left)} → ${statusWord(reached)}${by}`;
}

function details(fields: Fact["fields"], about: string): string {
  return Object.entries(fields)
    .filter(([key, value]) => !PLACED.has(key) && !EXPANDED.has(key) && value !== null && value !== undefined)
    .filter(([key, value]) => !(key === "sourceId" && value === about))
    .map(([key, value]) => `${colors.dim(`${key}=`)}${text(value) ?? JSON.stringify(value)}`)
    .join(" ");
}

function expanded(fields: Fact["fields"]): string[] {
  return Object.entries(fields).flatMap(([key, value]) => {
    if (!EXPANDED.has(key) || value === null || value === undefined) return [];
    const whole = Array.isArray(value) ? value.map((one) => text(one) ?? JSON.stringify(one)).join("\n") : text(value);
    return (whole ?? JSON.stringify(value)).split("\n").map((line) => `${" ".repeat(10)}${colors.dim("┆")} ${line}`);
  });
}

function text(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}
