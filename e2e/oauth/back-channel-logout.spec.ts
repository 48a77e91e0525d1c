import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { expect, test } from "playwright/test";
import { signInThrough } from "./support/browser";
import { type Client, register } from "./support/client";
import { FORM } from "./support/endpoints";
import { callAsAdministrator, sceneOfFile } from "./support/scene";

/** A relying party hears that a person has signed out: OpenID Connect Back-Channel Logout 1.0. */
let listener: RequestListener | null = null;
/** Keeps its port for as long as Latchkey knows it; with no relying party behind it, it hangs up. */
const site = createServer((request, response) =>
  listener === null ? request.destroy() : listener(request, response),
);
let port = 0;
const scene = sceneOfFile(async () => {
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  ({ port } = site.address() as AddressInfo);
  return { PRIVATE_HOSTS: `127.0.0.1:${port}` };
});
test.afterAll(() => {
  site.closeAllConnections();
  site.close();
});

interface Received {
  type: string | undefined;
  token: string;
}

interface RelyingParty {
  received: Received[];
  /** Resolves when that many have come. */
  untilReceived(count: number): Promise<void>;
  close(): void;
}

/** Answers each notice with the next of these, and the last of them from then on. */
function listen(...statuses: number[]): RelyingParty {
  const received: Received[] = [];
  const watchers = new Set<() => void>();
  listener = async (request, response) => {
    const body = new URLSearchParams(await text(request));
    const status = statuses[Math.min(received.length, statuses.length - 1)] ?? 200;
    received.push({ type: request.headers["content-type"], token: body.get("logout_token") ?? "" });
    response.writeHead(status).end();
    for (const watcher of watchers) watcher();
  };
  return {
    received,
    untilReceived: (count) =>
      new Promise((resolve) => {
        const look = () => (received.length >= count ? resolve() : undefined);
        watchers.add(look);
        look();
      }),
    close: () => {
      listener = null;
    },
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
  const party = listen(200);
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
  party.close();
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
  const party = listen(503, 200);
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
  party.close();
});

test("disabling an account is told too", async () => {
  const party = listen(200);
  const client = await registerParty();
  const person = await scene().signUp();
  await signInThrough(scene(), client, person, { scope: "openid offline_access" });
  await callAsAdministrator(scene(), "PATCH", `/api/admin/users/${person.userId}`, { status: "disabled" });
  await party.untilReceived(1);
  expect((await readLogoutToken(party.received[0]?.token ?? "", client)).sub).toBe(person.userId);
  party.close();
});
