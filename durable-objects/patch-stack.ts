/**
 * The patch stack's object: the only writer of its attempts.
 *
 * @module
 */
import { DurableObject } from "cloudflare:workers";

export class PatchStack extends DurableObject<Env> {}
