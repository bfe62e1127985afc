/**
 * Objects as one pack, in the format of gitformat-pack(5), without deltas.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import type { HeldObject, ObjectFormat, ObjectType } from "./object-writer.ts";

const TYPES: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3 };

export function packOf(objects: Iterable<HeldObject>, format: ObjectFormat): Buffer {
  const parts: Buffer[] = [];
  for (const { type, content } of objects) parts.push(entryHead(TYPES[type], content.length), deflateSync(content));
  const head = Buffer.alloc(12);
  head.write("PACK", 0, "latin1");
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(parts.length / 2, 8);
  const body = Buffer.concat([head, ...parts]);
  return Buffer.concat([body, createHash(format).update(body).digest()]);
}

/** Type and size: four bits of the size in the first byte, seven in each that follows. */
function entryHead(type: number, size: number): Buffer {
  const bytes: number[] = [];
  let byte = (type << 4) | (size & 15);
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 128);
    byte = rest & 127;
  }
  bytes.push(byte);
  return Buffer.from(bytes);
}
