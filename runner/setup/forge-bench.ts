/**
 * What every point of a forge's set-up looks at.
 *
 * @module
 */
import type { ForgeKind } from "../../worker/contract/forge.ts";
import type { Stack } from "../../worker/contract/stack.ts";
import type { EdgeApi } from "../client/edge-api.ts";
import type { Session } from "../client/session.ts";
import type { JobIdentity } from "./workflow-template.ts";

/** What a person asked for. */
export type ForgeOptions = {
  apply?: boolean;
  check?: boolean;
  ref?: string;
  path?: string;
  identity: JobIdentity;
  issuer?: string;
  forge?: ForgeKind;
  api?: string;
  file: string;
  wait: number;
};

export type ForgeBench = {
  session: Session;
  api: EdgeApi;
  stack: Stack;
  given: ForgeOptions;
  apply: boolean;
  /** The workflow's file, and the branch that it is started from. */
  place: { path: string; ref: string };
};
