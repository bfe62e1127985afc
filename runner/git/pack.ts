/**
 * Objects as one pack and its index, in the formats of gitformat-pack(5), without deltas.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { crc32, deflateSync } from "node:zlib";
import type { HeldObject, ObjectFormat, ObjectType } from "./object-writer.ts";

const TYPES: Readonly<Record<ObjectType, number>> = { commit: 1, tree: 2, blob: 3 };

export interface Pack {
  /** Hex: packs are named after it. */
  checksum: string;
  pack: Buffer;
  index: Buffer;
}

interface Entry {
  oid: string;
  offset: number;
  crc: number;
}

const HEAD = 12;

/** @param objects by oid; 2 GiB at most, which an index without large offsets can tell */
export function packOf(objects: ReadonlyMap<string, HeldObject>, format: ObjectFormat): Pack {
  const head = Buffer.alloc(HEAD);
  head.write("PACK", 0, "latin1");
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(objects.size, 8);
  const parts = [head];
  const entries: Entry[] = [];
  let offset = HEAD;
  for (const [oid, { type, content }] of objects) {
    const bytes = Buffer.concat([entryHead(TYPES[type], content.length), deflateSync(content)]);
    entries.push({ oid, offset, crc: crc32(bytes) });
    parts.push(bytes);
    offset += bytes.length;
  }
  const body = Buffer.concat(parts);
  const checksum = createHash(format).update(body).digest();
  return {
    checksum: checksum.toString("hex"),
    pack: Buffer.concat([body, checksum]),
    index: indexOf(entries, checksum, format),
  };
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

/** Version 2: how many oids start with each byte or less, the oids, then what is known of each. */
function indexOf(entries: readonly Entry[], packChecksum: Buffer, format: ObjectFormat): Buffer {
  const sorted = entries.toSorted((a, b) => (a.oid < b.oid ? -1 : 1));
  const fanOut = Array.from({ length: 256 }, () => 0);
  for (const { oid } of sorted) {
    const first = Number.parseInt(oid.slice(0, 2), 16);
    fanOut[first] = (fanOut[first] ?? 0) + 1;
  }
  let sum = 0;
  const table = numbers(
    fanOut.map((count) => {
      sum += count;
      return sum;
    }),
  );
  const body = Buffer.concat([
    Buffer.from("ff744f6300000002", "hex"),
    table,
    ...sorted.map(({ oid }) => Buffer.from(oid, "hex")),
    numbers(sorted.map(({ crc }) => crc)),
    numbers(sorted.map(({ offset }) => offset)),
    packChecksum,
  ]);
  return Buffer.concat([body, createHash(format).update(body).digest()]);
}

function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}
