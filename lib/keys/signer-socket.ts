import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import type { JWK } from "jose";
import { z } from "zod";
import { SIGNER_DEADLINE_MS, SIGNER_GENERATE_MS } from "@/lib/config/durations";
import type { OutsideSigner } from "./outside-custody";

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const name = z.string().regex(NAME);
const newKey = z.object({ id: name, kid: name, publicJwk: z.looseObject({ kty: z.string() }) });
const holdings = z.object({
  id: name,
  keys: z.array(z.object({ kid: name, owner: z.string(), ageSeconds: z.number() })),
});

const MAX_ANSWER_BYTES = 262_144;
/** More calls wait for one of these; the signer itself signs a few at a time. */
const MAX_CONNECTIONS = 16;

/**
 * A signing process over its Unix socket (`docs/signing-process.md`). `owner` is told it with each key that is made,
 * so that several Latchkeys may share it. Connections are kept; an answer that is late as a whole is none.
 */
export function openSignerSocket(socketPath: string, owner: string): OutsideSigner {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
  const call = (method: string, path: string, body?: Uint8Array | string, deadlineMs = SIGNER_DEADLINE_MS) =>
    ask({ agent, socketPath, method, path, body, deadlineMs });
  return {
    name: socketPath,
    list: async () => {
      const { id, keys } = holdings.parse(parseJson(wellOf(await call("GET", "/keys"))));
      return { id, keys: keys.map((key) => ({ ...key, isOurs: key.owner === owner })) };
    },
    generate: async (algorithm) => {
      const body = JSON.stringify({ algorithm, owner });
      const { id, kid, publicJwk } = newKey.parse(
        parseJson(wellOf(await call("POST", "/keys", body, SIGNER_GENERATE_MS))),
      );
      return { id, kid, publicJwk: publicJwk as JWK };
    },
    sign: async (kid, data) => {
      const answer = await call("POST", `/keys/${kid}/signatures`, data);
      return answer.status === 404 ? null : wellOf(answer);
    },
    discard: async (kid) => {
      wellOf(await call("DELETE", `/keys/${kid}`));
    },
  };
}

const parseJson = (bytes: Buffer): unknown => JSON.parse(bytes.toString());

interface Answer {
  status: number;
  body: Buffer;
}

function wellOf({ status, body }: Answer): Buffer {
  if (status < 200 || status > 299) throw new Error(`It answered ${status}.`);
  return body;
}

interface Call {
  agent: Agent;
  socketPath: string;
  method: string;
  path: string;
  body: Uint8Array | string | undefined;
  deadlineMs: number;
}

/** The whole answer. Rejects when that is not here at the deadline, or is too long. */
async function ask({ body, deadlineMs, ...to }: Call): Promise<Answer> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), deadlineMs);
  const send = () => {
    const sent = request({ ...to, signal: deadline.signal });
    sent.end(body);
    return sent;
  };
  try {
    return await readAnswer(await answerTo(send(), send));
  } catch (cause) {
    throw deadline.signal.aborted ? new Error(`No answer within ${deadlineMs} ms.`, { cause }) : cause;
  } finally {
    clearTimeout(timer);
  }
}

/** A kept connection may have ended as it was taken up again. Then nothing was read there, and another one is made. */
function answerTo(sent: ClientRequest, sendAgain: () => ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once("response", resolve);
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const isStale = sent.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
      if (isStale) resolve(answerTo(sendAgain(), sendAgain));
      else reject(error);
    });
  });
}

async function readAnswer(answer: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`An answer of more than ${MAX_ANSWER_BYTES} bytes.`);
    parts.push(part);
  }
  return { status: answer.statusCode ?? 0, body: Buffer.concat(parts) };
}
