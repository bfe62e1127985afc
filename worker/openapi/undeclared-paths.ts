/**
 * Routes that declare nothing by themselves, for the document: those of runners check signatures over raw
 * bytes before anything is parsed, and the document cannot hold itself.
 *
 * @module
 */
import { type OpenAPIHono, type RouteConfig, z } from "@hono/zod-openapi";
import { type AppEnv, json, jsonBody } from "../api/http.ts";
import { ErrorBody } from "../contract/error.ts";
import { Name } from "../contract/primitives.ts";
import {
  CallbackAnswer,
  CheckJob,
  ClaimRequest,
  ForecastAnswer,
  ForecastJob,
  ForecastResult,
  JobEnvelope,
  LogAnswer,
  RunnerCallback,
} from "../contract/runner-wire.ts";

const refusals = {
  401: json(ErrorBody, "No signature that holds, or an unknown attempt: one constant answer"),
  403: json(ErrorBody, "Known, but not allowed to"),
  409: json(ErrorBody, "Fenced by a newer epoch, closed, claimed by another, or an id that was used before"),
  422: json(ErrorBody, "Signed, but not of this shape"),
  429: json(ErrorBody, "Too many requests, or too much waits already; try again after Retry-After seconds"),
  503: json(ErrorBody, "Storage does not answer; try again after Retry-After seconds"),
} as const;

const PATHS: readonly RouteConfig[] = [
  {
    method: "post",
    path: "/runner/claim",
    request: { body: jsonBody(ClaimRequest) },
    responses: {
      200: json(
        z.union([JobEnvelope, ForecastJob, CheckJob]),
        "The job, and the key that its callbacks are signed with",
      ),
      204: { description: "No work in the time that the claim was held open" },
      ...refusals,
    },
  },
  {
    method: "post",
    path: "/webhooks/runner",
    request: { body: jsonBody(RunnerCallback) },
    responses: { 200: json(CallbackAnswer, "Applied, or a duplicate with its first answer"), ...refusals },
  },
  {
    method: "put",
    path: "/runner/attempts/{id}/log",
    request: {
      params: z.object({ id: z.string() }),
      query: z.object({ offset: z.int().min(0) }),
      body: { content: { "text/plain": { schema: z.string() } }, required: true },
    },
    responses: {
      200: json(LogAnswer, "Kept up to this byte"),
      416: json(LogAnswer, "There is a gap: go on from this byte"),
      ...refusals,
    },
  },
  {
    method: "post",
    path: "/runner/forecasts",
    request: { body: jsonBody(ForecastResult) },
    responses: { 200: json(ForecastAnswer, "Recorded, or a duplicate"), ...refusals },
  },
  {
    method: "post",
    path: "/webhooks/forge/{sourceId}",
    request: {
      params: z.object({ sourceId: Name }),
      // Of the forges' own shape, which is theirs to document.
      body: jsonBody(z.record(z.string(), z.unknown())),
    },
    responses: {
      200: json(z.record(z.string(), z.unknown()), "This delivery was answered before: its first answer again"),
      202: json(z.record(z.string(), z.unknown()), "What was made of it; what is not understood is ignored"),
      401: refusals[401],
      429: refusals[429],
      503: refusals[503],
    },
  },
  {
    method: "get",
    path: "/openapi.json",
    responses: {
      200: json(z.record(z.string(), z.unknown()), "OpenAPI 3.1"),
      401: refusals[401],
      503: refusals[503],
    },
  },
];

/** Adds them to the app's document. */
export function declareOtherPaths(app: OpenAPIHono<AppEnv>): void {
  for (const path of PATHS) app.openAPIRegistry.registerPath(path);
}
