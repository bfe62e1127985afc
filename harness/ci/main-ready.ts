/**
 * What the forge's process says when it answers.
 *
 * @module
 */
import { z } from "zod";

export const Ready = z.object({ apiUrl: z.string(), issuer: z.string() });
export type Ready = z.infer<typeof Ready>;
