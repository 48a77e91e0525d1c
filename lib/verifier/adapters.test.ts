import {
  createServer,
  IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  request,
  type Server,
  ServerResponse,
} from "node:http";
import { type AddressInfo, Socket } from "node:net";
import express from "express";
import fastify from "fastify";
import { afterEach, describe, expect, it, test } from "vitest";
import { createTestKey, ISSUER, NOW_SECONDS } from "@/lib/tokens/testing/test-issuer";
import { createTestProver, hashOf } from "@/lib/tokens/testing/test-prover";
import { refusal } from "./challenge";
import type { Verifier } from "./create-verifier";
import { dpop } from "./dpop";
import * as forExpress from "./express";
import * as forFastify from "./fastify";
import { authenticateRequest } from "./request";
import { type Requirements, readRequirements } from "./requirements";
import { createTestIssuer, createTestService, serviceToken } from "./testing/test-service";

const key = await createTestKey("own");
const token = serviceToken(key);

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

type Ask = (authorization?: string | string[], proof?: string | string[]) => Promise<Answer>;

/** Starts a service with one route, which answers with the person that its request is of; says how to ask it. */
type Start = (
  verifier: Pick<Verifier, "authenticate" | "guard">,
  requirements?: Requirements,
) => Promise<Ask>;

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function listen(listener: RequestListener): Promise<Ask> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return askPort((server.address() as AddressInfo).port);
}

/** Node's own client sends a header twice where it is given a list. */
const askPort =
  (port: number): Ask =>
  (authorization, proof) =>
    new Promise<Answer>((resolve, reject) => {
      const headers: OutgoingHttpHeaders = {
        ...(authorization === undefined ? {} : { Authorization: authorization }),
        ...(proof === undefined ? {} : { DPoP: proof }),
      };
      const asking = request({ port, host: "127.0.0.1", path: "/shop/?page=2", headers }, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (text) => {
          body += text;
        });
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        );
      });
      asking.once("error", reject);
      asking.end();
    });

const startExpress: Start = (verifier, requirements) => {
  const app = express();
  const shop = express.Router();
  app.use("/shop", shop);
  shop.get("/", forExpress.requireToken(verifier, requirements), (req, res) => {
    res.send(forExpress.claimsOf(req).sub);
  });
  app.use((error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    res.status(500).send(error.message);
  });
  return listen(app);
};

/** The calling convention of Express 4, which does not look at what a middleware returns. */
const startConnect: Start = (verifier, requirements) => {
  const middleware = forExpress.requireToken(verifier, requirements);
  return listen((req, res) => {
    void middleware(req, res, (error) => {
      res.statusCode = error === undefined ? 200 : 500;
      res.end(error === undefined ? forExpress.claimsOf(req).sub : (error as Error).message);
    });
  });
};

const startFastify: Start = async (verifier, requirements) => {
  const app = fastify({ rewriteUrl: () => "/" });
  const preHandler = forFastify.requireToken(verifier, requirements);
  app.get("/", { preHandler }, async (req) => forFastify.claimsOf(req).sub);
  app.setErrorHandler((error: Error, _req, reply) => reply.code(500).send(error.message));
  await app.listen({ port: 0, host: "127.0.0.1" });
  stops.push(() => app.close());
  return askPort((app.server.address() as AddressInfo).port);
};

const startFetch: Start = async (verifier, requirements) => async (authorization, proof) => {
  const headers = new Headers();
  for (const value of [authorization ?? []].flat()) headers.append("authorization", value);
  for (const value of [proof ?? []].flat()) headers.append("dpop", value);
  const claims = await authenticateRequest(
    verifier,
    new Request("https://a.test/shop/?page=2", { headers }),
    requirements,
  ).catch((error: Error) => new Response(error.message, { status: 500 }));
  if (!(claims instanceof Response)) return { status: 200, headers: {}, body: claims.sub };
  return { status: claims.status, headers: Object.fromEntries(claims.headers), body: await claims.text() };
};

describe.each<[string, Start]>([
  ["Express", startExpress],
  ["Connect", startConnect],
  ["Fastify", startFastify],
  ["a Request", startFetch],
])("%s", (_name, start) => {
  it("lets a valid token pass", async () => {
    const ask = await start(createTestService(createTestIssuer([key])).verifier, { scope: "read" });
    expect(await ask(`Bearer ${token}`)).toMatchObject({
      status: 200,
      body: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test.each<[string, string | string[] | undefined, number, string, string]>([
    ["no token", undefined, 401, "not_authenticated", "Bearer"],
    ["a wrong token", "Bearer x", 401, "invalid_token", 'Bearer error="invalid_token"'],
    ["two", [`Bearer ${token}`, `Bearer ${token}`], 401, "invalid_token", 'Bearer error="invalid_token"'],
    [
      "a good one and a bad one",
      [`Bearer ${token}`, "Bearer x"],
      401,
      "invalid_token",
      'Bearer error="invalid_token"',
    ],
    [
      "one with little scope",
      `Bearer ${serviceToken(key, { payload: { scope: "other" } })}`,
      403,
      "insufficient_scope",
      'Bearer error="insufficient_scope", scope="read"',
    ],
    [
      "one of an old sign-in",
      `Bearer ${serviceToken(key, { payload: { auth_time: NOW_SECONDS - 9_000 } })}`,
      401,
      "insufficient_user_authentication",
      'Bearer error="insufficient_user_authentication", max_age="5000"',
    ],
  ])("answers a request with %s", async (_what, authorization, status, code, challenge) => {
    const { verifier } = createTestService(createTestIssuer([key]));
    const ask = await start(verifier, { scope: "read", maxAgeSeconds: 5_000 });
    const answer = await ask(authorization);
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject({
      "www-authenticate": challenge,
      "content-type": expect.stringMatching(/^application\/problem\+json(; charset=utf-8)?$/),
      "cache-control": "no-store",
    });
    expect(JSON.parse(answer.body)).toEqual({ type: "about:blank", title: expect.any(String), status, code });
  });

  it("takes a token that is bound to a key with a proof for the request as it was sent", async () => {
    const { jkt, prove } = await createTestProver();
    const bound = serviceToken(key, { payload: { cnf: { jkt } } });
    const proof = (jti: string, path = "/shop/") =>
      prove({ payload: { jti, ath: hashOf(bound), htu: `https://shop.example.com${path}` } });
    const { verifier } = createTestService(createTestIssuer([key]), {
      dpop: dpop({ publicUrl: "https://shop.example.com" }),
    });
    const ask = await start(verifier, { scope: "read" });
    expect(await ask(`DPoP ${bound}`, proof("one"))).toMatchObject({ status: 200 });
    const challenge = 'DPoP error="invalid_dpop_proof", algs="ES256 RS256 PS256 EdDSA Ed25519"';
    for (const wrong of [proof("one"), [proof("two"), proof("three")], proof("four", "/"), undefined]) {
      const answer = await ask(`DPoP ${bound}`, wrong);
      expect(answer).toMatchObject({ status: 401, headers: { "www-authenticate": challenge } });
      expect(JSON.parse(answer.body)).toMatchObject({ code: "invalid_dpop_proof" });
    }
    expect(await ask(`Bearer ${bound}`, proof("five"))).toMatchObject({ status: 401 });
    expect(await ask([`DPoP ${bound}`, `DPoP ${bound}`], proof("six"))).toMatchObject({ status: 401 });
  });

  it("answers 503 while tokens cannot be judged", async () => {
    const issuer = createTestIssuer([key]);
    issuer.isDown = true;
    const ask = await start(createTestService(issuer).verifier);
    const answer = await ask(`Bearer ${token}`);
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "2" } });
    expect(JSON.parse(answer.body)).toMatchObject({ code: "unavailable" });
    expect(answer.body).not.toContain(ISSUER);
  });

  it("hands on what went wrong within", async () => {
    const authenticate = () => Promise.reject(new Error("broken within"));
    const broken = { authenticate, guard: () => authenticate };
    const ask = await start(broken);
    expect(await ask(`Bearer ${token}`)).toMatchObject({
      status: 500,
      body: expect.stringContaining("broken within"),
    });
  });
});

describe("requirements that are wrong", () => {
  const { verifier } = createTestService(createTestIssuer([key]));
  test.each([forExpress, forFastify])("are found before the first request", ({ requireToken }) => {
    expect(() => requireToken(verifier, { scopes: "read" } as never)).toThrow(TypeError);
  });
});

test("the claims of a request that was not checked are not there", () => {
  expect(() => forExpress.claimsOf({})).toThrow("requireToken is not before this route.");
});

test("Connect hears of a refusal that cannot be sent any more, because somebody has answered meanwhile", async () => {
  const refusing = { guard: () => async () => refusal("invalid_token", readRequirements()) };
  const middleware = forExpress.requireToken(refusing);
  const answered = new ServerResponse(new IncomingMessage(new Socket()));
  answered.writeHead(503).end();
  const errors: unknown[] = [];
  await middleware(new IncomingMessage(new Socket()), answered, (error) => errors.push(error));
  expect(errors).toMatchObject([{ code: "ERR_HTTP_HEADERS_SENT" }]);
});
