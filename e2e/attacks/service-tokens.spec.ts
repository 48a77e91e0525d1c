import { createHmac, type KeyObject } from "node:crypto";
import { CompactEncrypt, compactDecrypt } from "jose";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { ACCESS_COOKIE, cookieHeader, cookieSet } from "./support/cookies";
import { createForge, decodePart, encodePart, type Forge, type Json } from "./support/forge";
import { readForms, submitForm } from "./support/page-forms";
import { expectHarmless, expectInvalidToken, expectSignedOut } from "./support/refusals";
import { expect, type Person, targetOfFile, test } from "./support/target";

/**
 * Tokens for services are for services: an administrator's own, of every profile, open nothing of the application,
 * and nor does what a service could make of them and of its secret.
 */
const target = targetOfFile();
const recipient = newKeyPair("ec", { namedCurve: "P-256" });
const KID = "payroll-2026";

let admin: Person;
let forge: Forge;
let tokens: [name: string, token: string][];

test.beforeAll(async () => {
  admin = await target().logIn(target().admin);
  forge = await createForge(target(), admin.access);
  tokens = await serviceTokens();
});

const AUDIENCES: Json[] = [
  { identifier: "mesh-es256", profile: "mesh" },
  { identifier: "mesh-rs256", profile: "mesh", algorithm: "RS256", scope: "latchkey:admin" },
  { identifier: "mesh-eddsa", profile: "mesh", algorithm: "EdDSA" },
  {
    identifier: "high-security",
    profile: "high-security",
    encryptionJwk: { ...recipient.publicKey.export({ format: "jwk" }), kid: KID },
  },
  { identifier: "legacy", profile: "legacy" },
];

async function serviceTokens(): Promise<[string, string][]> {
  const rows: [string, string][] = [];
  for (const audience of AUDIENCES) {
    const name = String(audience.identifier);
    const made = await call("/api/admin/audiences", audience);
    const token = String((await call("/api/auth/token", { audience: name })).accessToken);
    rows.push([name, token]);
    if (name === "high-security") rows.push(...(await fromHighSecurity(token)));
    if (name === "legacy") rows.push(...fromLegacy(token, (made.secret as Json).secret as string));
  }
  return [...rows, ...(await mixedFrom(admin.access))];
}

async function call(path: string, body: Json): Promise<Json> {
  const answer = await target().sendAs(admin, { method: "POST", path, body });
  expect([200, 201], `${path}: ${answer.text}`).toContain(answer.status);
  return JSON.parse(answer.text);
}

/** As its service reads it: signed by the key that signs for our own pages too. */
async function fromHighSecurity(token: string): Promise<[string, string][]> {
  const { plaintext } = await compactDecrypt(token, recipient.privateKey);
  const inner = Buffer.from(plaintext).toString();
  expect(decodePart(inner.split(".")[0] ?? "").kid).toBe(forge.header.kid);
  return [["high-security, decrypted", inner]];
}

/** Who has the secret of an audience can sign anything with it. */
function fromLegacy(token: string, secret: string): [string, string][] {
  expect(secret).toHaveLength(43);
  const header = decodePart(token.split(".")[0] ?? "");
  const signed = (changes: Json, claims: Json) => {
    const input = `${encodePart({ ...header, ...changes })}.${encodePart(claims)}`;
    return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
  };
  const again = signed({}, decodePart(token.split(".")[1] ?? ""));
  expect(again, "the test has the right secret").toBe(token);
  return [
    ["our own claims, by a legacy secret", signed({}, forge.claims)],
    [
      "our own claims, by a legacy secret under the name of our key",
      signed({ kid: forge.header.kid }, forge.claims),
    ],
    ["our own claims and algorithm, by a legacy secret", signed(forge.header, forge.claims)],
  ];
}

/** Validly signed by the key of our own pages. */
async function mixedFrom(own: string): Promise<[string, string][]> {
  const { gen: _gen, ...service } = forge.claims;
  const encryptedTo = (key: KeyObject, kid: unknown) =>
    new CompactEncrypt(Buffer.from(own))
      .setProtectedHeader({ alg: "ECDH-ES+A256KW", enc: "A256GCM", kid: String(kid), cty: "JWT" })
      .encrypt(key);
  return [
    ["the claims of a service, for our own pages", forge.signed(forge.header, service)],
    ["our own claims, for a service", forge.withClaims({ aud: "mesh-es256" })],
    ["our own claims and a scope", forge.withClaims({ scope: "latchkey:admin" })],
    ["our own claims, bound to a key", forge.withClaims({ cnf: { jkt: "x" } })],
    ["our own token, encrypted to a service", await encryptedTo(recipient.publicKey, KID)],
    [
      "our own token, encrypted under the name of our key",
      await encryptedTo(recipient.publicKey, forge.header.kid),
    ],
  ];
}

test("as Bearer of the API", async () => {
  for (const [name, token] of tokens) {
    const headers = { authorization: `Bearer ${token}` };
    for (const path of ["/api/auth/session", "/api/admin/users", "/api/admin/audiences", "/api/sessions"]) {
      expectInvalidToken(await target().send({ path, headers }), `${name} at ${path}`);
    }
    for (const audience of ["mesh-es256", "legacy"]) {
      const request = { method: "POST", path: "/api/auth/token", headers, body: { audience } };
      expectInvalidToken(await target().send(request), `${name} for a token for ${audience}`);
    }
    const feed = await target().send({ path: "/api/revocations", headers });
    expectHarmless(feed, `${name} at the feed`);
    expect.soft(feed.status, `${name} at the feed`).toBe(401);
  }
});

test("as a cookie, of either name", async () => {
  for (const [name, token] of tokens) {
    const cookie = cookieHeader({ access: token });
    expectSignedOut(await target().send({ path: "/api/auth/session", headers: { cookie } }), name);
    expectSignedOut(await target().send({ path: "/api/admin/users", headers: { cookie } }), name);
    const refreshed = await target().sendAs(
      { refresh: token },
      { method: "POST", path: "/api/auth/refresh" },
    );
    expect.soft(refreshed.status, `${name} as refresh token`).toBe(401);
    expect.soft(cookieSet(refreshed, ACCESS_COOKIE) || null, `${name} as refresh token`).toBeNull();
  }
});

test("at a page", async () => {
  for (const [name, token] of tokens) {
    for (const path of ["/account", "/admin/users"]) {
      const answer = await target().send({ path, headers: { cookie: cookieHeader({ access: token }) } });
      expect.soft(answer.status, `${name} at ${path}`).toBe(303);
      expect.soft(answer.headers.location, `${name} at ${path}`).toContain("/login");
      expect.soft(answer.text, `${name} at ${path}`).not.toContain(admin.email);
    }
  }
});

test("at a server action", async () => {
  const headers = { cookie: cookieHeader({ access: admin.access }) };
  const forms = await readForms(target(), "/admin/users", headers);
  const form = forms.find(({ fields }) => fields.has("email"));
  if (form === undefined) throw new Error("There is no form.");
  const filledIn = { email: "taken@example.com", name: "x", role: "admin", reason: "attack" };
  const people = () => target().sql("SELECT id, role, status FROM users ORDER BY id");
  const links = () => target().sql("SELECT id FROM one_time_links");
  const before = [await people(), await links()];
  for (const [name, token] of tokens) {
    for (const path of ["/admin/users", "/login"]) {
      const cookie = cookieHeader({ access: token });
      const answer = await submitForm(target(), { ...form, path }, filledIn, { cookie });
      expectHarmless(answer, `${name} at ${path}`);
    }
  }
  expect([await people(), await links()]).toEqual(before);
  await submitForm(target(), form, filledIn, headers);
  expect([await people(), await links()], "the form does something for its owner").not.toEqual(before);
});

test("control: the session that they were made of is none the worse", async () => {
  expect((await target().sendAs(admin, { path: "/api/admin/users" })).status).toBe(200);
});
