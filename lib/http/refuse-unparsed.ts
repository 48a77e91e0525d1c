import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { NO_CONTENT_CSP } from "../policy/content-security-policy";
import { SECURITY_HEADERS } from "../policy/security-headers";

const UNPARSED_STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** What Node could not read as a request. 431 and 408 keep their meaning; the rest is 400. One answer a request. */
export function refuseUnparsed(error: NodeJS.ErrnoException, socket: Duplex): void {
  const hasAnswered = socket instanceof Socket && socket.bytesWritten > 0;
  if (!socket.writable || hasAnswered || error.code === "ECONNRESET") return void socket.destroy();
  const status = UNPARSED_STATUS[error.code ?? ""] ?? "400 Bad Request";
  const headers = [...SECURITY_HEADERS, ["Content-Security-Policy", NO_CONTENT_CSP], ["Connection", "close"]];
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  socket.end(`HTTP/1.1 ${status}\r\n${lines}Content-Length: 0\r\n\r\n`);
}
