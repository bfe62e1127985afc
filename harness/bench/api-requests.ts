/**
 * Every list and detail endpoint of the admin API, with each combination of filters.
 *
 * @module
 */
import { BUSY, STACKS } from "./record-fill.ts";

export type ApiRequest = {
  name: string;
  path: string;
  /** The page asked for; of a detail, the rows that belong to the record. */
  limit: number;
  /** Where a larger record makes a larger answer, its time says nothing about the query. */
  grows?: true;
};

const LIMIT = 50;

/** The requests for a record of `size` events. Stack 1 is the one whose attempts are all about one event. */
export function apiRequests(size: number): ApiRequest[] {
  const perStack = size / STACKS;
  const event = encodeURIComponent("patch:f0042:v1.5.0:upstream.release");
  const busy = encodeURIComponent(BUSY.eventId);
  const lists: [string, string][] = [
    ["/flow-events", ""],
    ["/flow-events?type", "type=upstream.push"],
    ["/flow-events?stackId", "stackId=s0042"],
    ["/flow-events?stackId&type", "stackId=s0042&type=upstream.push"],
    ["/maintenance-attempts", ""],
    ["/maintenance-attempts?status", "status=failed"],
    ["/maintenance-attempts?status=started", "status=started"],
    [
      "/maintenance-attempts?status (8 of them)",
      "status=changed,completed,skipped,failed,timed_out,cancelled,superseded,dismissed",
    ],
    ["/maintenance-attempts?stackId", "stackId=s0042"],
    ["/maintenance-attempts?stackId&status", "stackId=s0042&status=failed"],
    ["/maintenance-attempts?stackId&status=started", "stackId=s0042&status=started"],
    ["/maintenance-attempts?eventId", `eventId=${busy}`],
    ["/maintenance-attempts?eventId&status", `eventId=${busy}&status=failed`],
    ["/maintenance-attempts?eventId&stackId", `eventId=${busy}&stackId=${BUSY.stackId}`],
    ["/maintenance-attempts?eventId&stackId&status", `eventId=${busy}&stackId=${BUSY.stackId}&status=failed`],
    ["/workspace-dispatches", ""],
    ["/workspace-dispatches?status", "status=waiting"],
    ["/workspace-dispatches?eventId", `eventId=${busy}`],
    ["/workspace-dispatches?eventId&status", `eventId=${busy}&status=waiting`],
    ["/candidates", ""],
    ["/candidates?stackId", "stackId=s0042"],
    ["/feed-signals", ""],
    ["/feed-signals?sourceId", "sourceId=f0042"],
    ["/feed-sources", ""],
    ["/stacks", ""],
    ["/runners", ""],
    ["/tokens", ""],
  ];
  return [
    ...lists.flatMap(([name, query]) => {
      const [path = ""] = name.split("?");
      const first = `${path}?limit=${LIMIT}${query === "" ? "" : `&${query}`}`;
      // Positions count the rows of a table: a tenth from its old end is deep.
      const rows = path === "/stacks" || path === "/feed-sources" ? STACKS : size;
      return [
        { name, path: first, limit: LIMIT },
        { name: `${name}, deep`, path: `${first}&cursor=p${Math.ceil(rows / 10)}`, limit: LIMIT },
      ];
    }),
    { name: "/interventions", path: `/interventions?limit=${LIMIT}`, limit: LIMIT },
    { name: "/flow-events/:id", path: `/flow-events/${event}`, limit: LIMIT },
    {
      name: "/flow-events/:id (busy)",
      path: `/flow-events/${busy}`,
      limit: Math.min(500, perStack * BUSY.stacks) * 2,
      grows: true,
    },
    { name: "/maintenance-attempts/:id", path: "/maintenance-attempts/s0042.5", limit: LIMIT },
    { name: "/stacks/:id", path: "/stacks/s0042", limit: LIMIT },
    { name: "/stacks/:id/why", path: "/stacks/s0042/why?version=1.5.0", limit: LIMIT },
    { name: "/feed-sources/:id", path: "/feed-sources/f0042", limit: LIMIT },
  ];
}
