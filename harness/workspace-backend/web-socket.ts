/**
 * As much of RFC 6455 as a server needs that talks in whole text messages.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** RFC 6455 section 1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const TEXT = 0x1;
const CLOSE = 0x8;

/** Answers the upgrade, and then every text message with what `answer` makes of it. */
export function acceptWebSocket(request: IncomingMessage, socket: Duplex, answer: (text: string) => string): void {
  const key = createHash("sha1").update(`${request.headers["sec-websocket-key"]}${GUID}`).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
  );
  let unread = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    for (let frame = readFrame(unread); frame !== undefined; frame = readFrame(unread)) {
      unread = unread.subarray(frame.end);
      if (frame.opcode === TEXT) socket.write(frameOf(TEXT, Buffer.from(answer(frame.payload.toString()))));
      else if (frame.opcode === CLOSE) socket.end(frameOf(CLOSE, frame.payload));
    }
  });
}

/** The first whole frame; a client's are masked, and these are never in pieces. */
function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  let length = bytes.readUInt8(1) & 0x7f;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  const end = at + 4 + length;
  if (bytes.length < end) return undefined;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, end).map((byte, i) => byte ^ (mask[i % 4] ?? 0)));
  return { opcode: bytes.readUInt8(0) & 0x0f, payload, end };
}

function frameOf(opcode: number, payload: Buffer): Buffer {
  const small = payload.length < 126;
  const head = Buffer.alloc(small ? 2 : 10);
  head.writeUInt8(0x80 | opcode, 0);
  head.writeUInt8(small ? payload.length : 127, 1);
  if (!small) head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}
