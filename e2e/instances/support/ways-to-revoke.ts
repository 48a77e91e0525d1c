import { expect } from "vitest";
import { ADMIN, type Cluster, type Instance } from "./cluster";
import { joined, REFRESH_COOKIE, signedIn, type Visitor } from "./visitor";

/** A browser that is signed in, and a way to make an instance end that. */
export interface Revocation {
  victim: Visitor;
  /** Rejects when the instance refuses to. */
  revokeAt(instance: Instance): Promise<unknown>;
  /** The access token alone is denied; the session goes on. */
  isTokenAlone?: true;
}

/** Who is there in every round. */
export interface Cast {
  admin: Visitor;
  /** A person with many sessions; this one revokes the others. */
  owner: Visitor;
}

export async function assemble(cluster: Cluster): Promise<Cast> {
  return { admin: await signedIn(cluster.instance(0), ADMIN), owner: await joined(cluster.instance(1)) };
}

type Prepare = (cast: Cast, at: Instance) => Promise<Revocation>;

/** Every way in which something issued stops being good before its time. */
export const WAYS_TO_REVOKE: readonly [name: string, prepare: Prepare][] = [
  [
    "its owner ends it",
    async ({ owner }, at) => {
      const victim = await signedIn(at, owner.person);
      return {
        victim,
        revokeAt: (to) => call(owner, to, 204, "DELETE", `/api/sessions/${victim.sessionId}`),
      };
    },
  ],
  [
    "its owner ends all others",
    async (_, at) => {
      const [owner, victim] = await twoBrowsers(at);
      return { victim, revokeAt: (to) => call(owner, to, 200, "DELETE", "/api/sessions?except=current") };
    },
  ],
  [
    "an administrator ends it",
    async ({ admin, owner }, at) => {
      const victim = await signedIn(at, owner.person);
      const body = { sessionIds: [victim.sessionId], reason: "test" };
      return { victim, revokeAt: (to) => call(admin, to, 200, "POST", "/api/admin/sessions/revoke", body) };
    },
  ],
  [
    "an administrator ends everything of a person",
    async ({ admin }, at) => {
      const victim = await joined(at);
      const body = { userId: victim.userId, reason: "test" };
      return { victim, revokeAt: (to) => call(admin, to, 200, "POST", "/api/admin/sessions/revoke", body) };
    },
  ],
  [
    "an administrator denies the token by its text",
    async ({ admin, owner }, at) => {
      const victim = await signedIn(at, owner.person);
      return { victim, isTokenAlone: true, revokeAt: (to) => deny(admin, to, { token: victim.access }) };
    },
  ],
  [
    "an administrator denies the token by its jti",
    async ({ admin, owner }, at) => {
      const victim = await signedIn(at, owner.person);
      const { jti, exp } = claimsOf(victim.access);
      const body = { jti, expiresAt: new Date(exp * 1000).toISOString() };
      return { victim, isTokenAlone: true, revokeAt: (to) => deny(admin, to, body) };
    },
  ],
  [
    "it logs out",
    async ({ owner }, at) => {
      const victim = await signedIn(at, owner.person);
      return { victim, revokeAt: (to) => call(victim, to, 204, "POST", "/api/auth/logout") };
    },
  ],
  [
    "its browser signs in anew",
    async ({ owner }, at) => {
      const victim = await signedIn(at, owner.person);
      return { victim, revokeAt: (to) => call(victim, to, 200, "POST", "/api/auth/login", victim.person) };
    },
  ],
  [
    "the password changes",
    async (_, at) => {
      const [owner, victim] = await twoBrowsers(at);
      const { password } = owner.person;
      const body = { currentPassword: password, newPassword: `${password}, changed` };
      return { victim, revokeAt: (to) => call(owner, to, 204, "POST", "/api/auth/password", body) };
    },
  ],
  [
    "the person is disabled",
    async ({ admin }, at) => {
      const victim = await joined(at);
      return { victim, revokeAt: (to) => change(admin, to, victim, { status: "disabled" }) };
    },
  ],
  [
    "the person's role changes",
    async ({ admin }, at) => {
      const victim = await joined(at);
      return { victim, revokeAt: (to) => change(admin, to, victim, { role: "admin" }) };
    },
  ],
  [
    "an older refresh token is replayed",
    async ({ owner }, at) => {
      const victim = await signedIn(at, owner.person);
      const older = `${REFRESH_COOKIE}=${victim.refreshToken}`;
      for (const _ of [1, 2]) await victim.refresh(at);
      const replay = (to: Instance) =>
        to.request("POST", "/api/auth/refresh", victim.options(to, { cookie: older }));
      return { victim, revokeAt: async (to) => expect((await replay(to)).status).toBe(401) };
    },
  ],
];

/** Of one new person: the browser that revokes, and the one that is revoked. */
async function twoBrowsers(at: Instance): Promise<[Visitor, Visitor]> {
  const owner = await joined(at);
  return [owner, await signedIn(at, owner.person)];
}

async function call(
  who: Visitor,
  at: Instance,
  expected: number,
  method: string,
  path: string,
  body?: unknown,
): Promise<void> {
  const answer = await who.request(at, method, path, { body });
  expect(answer.status, `${method} ${path}: ${answer.body}`).toBe(expected);
}

const deny = (admin: Visitor, at: Instance, body: unknown) =>
  call(admin, at, 204, "POST", "/api/admin/tokens/revoke", body);

const change = (admin: Visitor, at: Instance, { userId }: Visitor, body: unknown) =>
  call(admin, at, 200, "PATCH", `/api/admin/users/${userId}`, body);

const claimsOf = (accessToken = ""): { jti: string; exp: number } =>
  JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString());
