import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One question that a reader has asked. */
export interface Question {
  request: IncomingMessage;
  response: ServerResponse;
  since: string | null;
  wait: string | null;
  nonce: string | null;
  /** Answers as a feed does; `change` overrides members of the body. */
  tell(news?: { complete?: boolean; revocations?: unknown[] }, change?: object): void;
}

/** A revocation feed that does what the test says with every question. */
export interface ScriptedFeed {
  url: string;
  questions: Question[];
  /** What is done with the next questions; without it they are left open. */
  script: (question: Question) => void;
  close(): Promise<void>;
}

export async function startScriptedFeed(): Promise<ScriptedFeed> {
  const startedAt = Date.now();
  let answers = 0;
  const feed: Omit<ScriptedFeed, "url" | "close"> = { questions: [], script: () => undefined };
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://feed.example");
    const nonce = searchParams.get("nonce");
    const since = searchParams.get("since");
    const tell: Question["tell"] = (news, change) => {
      answers += 1;
      const readAt = new Date(startedAt + answers).toISOString();
      const told = { complete: since === null, revocations: [], ...news };
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ cursor: `1.cursor-${answers}`, readAt, nonce, ...told, ...change }));
    };
    const question = { request, response, since, nonce, wait: searchParams.get("wait"), tell };
    feed.questions.push(question);
    feed.script(question);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(feed, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/revocations`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}
