/**
 * What a forge says of the job that a token was given to, under one name for all forges.
 *
 * @module
 */
import { z } from "zod";

export type JobFacts = {
  repositoryId: string;
  ownerId: string;
  workflowRef: string;
  event: string;
  runnerEnvironment: string | undefined;
  /** The forge's number of the run or job. */
  run: string;
};

/** Reads a token's claims; undefined when they are not those of a job. */
export type ReadJobFacts = (claims: unknown) => JobFacts | undefined;

/** Some forges write ids as numbers. */
export const Id = z.union([z.string().regex(/^[0-9]{1,20}$/), z.int().min(0).transform(String)]);

export const Text = z.string().min(1).max(1000);
