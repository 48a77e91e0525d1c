import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { expect, test } from "playwright/test";
import { freePort } from "../support/free-port";
import { signInThrough } from "./support/browser";
import { type Client, register } from "./support/client";
import { FORM } from "./support/endpoints";
import { callAsAdministrator, sceneOfFile } from "./support/scene";

/** A relying party hears that a person has signed out: OpenID Connect Back-Channel Logout 1.0. */
let port = 0;
const scene = sceneOfFile(async () => {
  port = await freePort();
  return { PRIVATE_HOSTS: `127.0.0.1:${port}` };
});

interface Received {
  type: string | undefined;
  token: string;
}

interface RelyingParty {
  received: Received[];
  /** Resolves when that many have come. */
  untilReceived(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Answers each notice with the next of these, and the last of them from then on. */
async function listen(...statuses: number[]): Promise<RelyingParty> {
  const received: Received[] = [];
  const watchers = new Set<() => void>();
  const server: Server = createServer(async (request, response) => {
    const body = new URLSearchParams(await text(request));
    const status = statuses[Math.min(received.length, statuses.length - 1)] ?? 200;
    received.push({ type: request.headers["content-type"], token: body.get("logout_token") ?? "" });
    response.writeHead(status).end();
    for (const watcher of watchers) watcher();
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  expect((server.address() as AddressInfo).port).toBe(port);
  return {
    received,
    untilReceived: (count) =>
      new Promise((resolve) => {
        const look = () => (received.length >= count ? resolve() : undefined);
        watchers.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

const registerParty = () =>
  register(scene(), { backchannelLogoutUri: `http://127.0.0.1:${port}/backchannel` });

async function signInAndOut(client: Client) {
  const person = await scene().signUp();
  const tokens = await signInThrough(scene(), client, person);
  const out = await scene().sendAs(person, { method: "POST", path: "/api/auth/logout" });
  expect(out.status).toBe(204);
  return { person, sid: decodeJwt(tokens.id_token ?? "").sid };
}

async function readLogoutToken(token: string, client: Client) {
  const keys = createRemoteJWKSet(new URL(scene().server.jwks_uri ?? ""));
  const options = { issuer: scene().origin, audience: client.client_id, typ: "logout+jwt" };
  return (await jwtVerify(token, keys, options)).payload;
}

test("signing out is told at once, in a token that says who and which session", async () => {
  const party = await listen(200);
  const client = await registerParty();
  const { person, sid } = await signInAndOut(client);
  await party.untilReceived(1);
  const [notice] = party.received;
  expect(notice?.type).toContain(FORM);
  expect(await readLogoutToken(notice?.token ?? "", client)).toEqual({
    iss: scene().origin,
    aud: client.client_id,
    sub: person.userId,
    sid,
    jti: expect.any(String),
    iat: expect.any(Number),
    exp: expect.any(Number),
    events: { "http://schemas.openid.net/event/backchannel-logout": {} },
  });
  await party.close();
});

test("a relying party that was down hears of it later", async () => {
  const client = await registerParty();
  const { sid } = await signInAndOut(client);
  const deliveries = () =>
    scene().sql<{ attempts: number; last_problem: string | null }>(
      "SELECT attempts, last_problem FROM logout_deliveries WHERE client_id = $1",
      [client.client_id],
    );
  await expect.poll(async () => (await deliveries())[0]?.attempts).toBeGreaterThan(0);
  const party = await listen(503, 200);
  const retryNow = () =>
    scene().sql("UPDATE logout_deliveries SET next_attempt_at = now() WHERE client_id = $1", [
      client.client_id,
    ]);
  await retryNow();
  await party.untilReceived(1);
  await expect.poll(async () => (await deliveries())[0]?.last_problem).toContain("503");
  await retryNow();
  await party.untilReceived(2);
  await expect.poll(deliveries).toEqual([]);
  const tokens = party.received.map(({ token }) => token);
  for (const token of tokens) expect((await readLogoutToken(token, client)).sid).toBe(sid);
  await party.close();
});

test("disabling an account is told too", async () => {
  const party = await listen(200);
  const client = await registerParty();
  const person = await scene().signUp();
  await signInThrough(scene(), client, person, { scope: "openid offline_access" });
  await callAsAdministrator(scene(), "PATCH", `/api/admin/users/${person.userId}`, { status: "disabled" });
  await party.untilReceived(1);
  expect((await readLogoutToken(party.received[0]?.token ?? "", client)).sub).toBe(person.userId);
  await party.close();
});
