import { sign } from "node:crypto";
import { type AddressInfo, connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";

export interface TlsFront {
  port: number;
  /** What has gone through since the last call, both ways, decrypted. */
  takeTraffic(): string;
  close(): Promise<void>;
}

/**
 * What a reverse proxy does for TLS and nothing more: the bytes go on to `plainPort` as they are. A browser believes
 * in Secure cookies, sites and siblings only where there is TLS, so these rows cannot be tested on http://localhost.
 */
export async function startTlsFront(plainPort: number): Promise<TlsFront> {
  let traffic = "";
  const record = (chunk: Buffer) => {
    traffic += chunk.toString("latin1");
  };
  const open = new Set<Socket>();
  const server = createServer(selfSignedCertificate(), (socket) => {
    const onward = connect(plainPort, "localhost").on("data", record);
    socket.on("data", record);
    socket.pipe(onward).pipe(socket);
    socket.on("error", () => onward.destroy());
    onward.on("error", () => socket.destroy());
  });
  // From before the handshake on: a browser may open a connection and never begin one.
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    takeTraffic: () => {
      const taken = traffic;
      traffic = "";
      return taken;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // A browser keeps its connections for a while.
        for (const socket of open) socket.destroy();
      }),
  };
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const VERSION = 0xa0;
/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = Buffer.from("2a8648ce3d040302", "hex");
/** 2.5.4.3 */
const COMMON_NAME = Buffer.from("550403", "hex");

/** X.509 version 3, made here so that no private key lies in the repository. */
function selfSignedCertificate(): { cert: string; key: string } {
  const { publicKey, privateKey } = newKeyPair("ec", { namedCurve: "P-256" });
  const algorithm = der(SEQUENCE, der(OBJECT_IDENTIFIER, ECDSA_WITH_SHA256));
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, der(OBJECT_IDENTIFIER, COMMON_NAME), der(UTF8_STRING, "attack"))),
  );
  const toBeSigned = der(
    SEQUENCE,
    der(VERSION, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, Buffer.from([1])),
    algorithm,
    name,
    der(SEQUENCE, der(UTC_TIME, "200101000000Z"), der(UTC_TIME, "491231235959Z")),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = sign("sha256", toBeSigned, privateKey);
  const certificate = der(
    SEQUENCE,
    toBeSigned,
    algorithm,
    der(BIT_STRING, Buffer.concat([Buffer.alloc(1), signature])),
  );
  const body = certificate.toString("base64").replace(/.{64}/g, "$&\n");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function der(tag: number, ...contents: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map((part) => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(content.length)]), content]);
}

/** The shortest form, as DER demands. */
function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 255];
}
