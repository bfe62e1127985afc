/**
 * What wrangler uploads: a multipart form with the bindings and the modules of a Worker.
 *
 * @module
 */
import { z } from "zod";

const Binding = z.discriminatedUnion("type", [
  z.object({ type: z.literal("plain_text"), name: z.string(), text: z.string() }),
  z.object({ type: z.literal("secret_text"), name: z.string(), text: z.string() }),
  z.object({ type: z.literal("durable_object_namespace"), name: z.string(), class_name: z.string() }),
  z.object({ type: z.literal("d1"), name: z.string(), id: z.string() }),
  z.object({ type: z.literal("queue"), name: z.string(), queue_name: z.string() }),
  z.object({
    type: z.literal("ratelimit"),
    name: z.string(),
    namespace_id: z.string(),
    simple: z.object({ limit: z.number(), period: z.union([z.literal(10), z.literal(60)]) }),
  }),
  // As it was in the last version: what a deployment says of the secrets that it keeps.
  z.object({ type: z.literal("inherit"), name: z.string() }),
]);

const Metadata = z.looseObject({
  main_module: z.string(),
  bindings: z.array(Binding),
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  /** Types of bindings that stay as they were in the last version. */
  keep_bindings: z.array(z.string()).optional(),
  assets: z.object({ jwt: z.string() }).optional(),
});

export type Upload = z.infer<typeof Metadata> & {
  /** Text of the main module; wrangler bundles everything into it. */
  main: string;
};

/** @param type the request's content type, which has the form's boundary */
export async function readUpload(body: Buffer, type: string): Promise<Upload> {
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData();
  const part = async (name: string): Promise<string> => {
    const value = form.get(name);
    if (value === null) throw new Error(`the upload has no part ${name}`);
    return typeof value === "string" ? value : await value.text();
  };
  const metadata = Metadata.parse(JSON.parse(await part("metadata")));
  return { ...metadata, main: await part(metadata.main_module) };
}
