import { type CryptoKey, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import { ALGORITHMS, type Algorithm } from "@/lib/keys/algorithms";
import { secretUse } from "@/lib/keys/signing-key";
import { addSecret } from "@/lib/keys/testing/add-secret";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { createTestKeys } from "@/lib/keys/testing/test-keys";
import type { CommonClaims } from "./claims";
import type { DecryptionKey } from "./decrypt";
import { issueAccessToken, issueServiceToken } from "./issue";
import { ownProfile, PROFILES, type Profile } from "./profiles";
import { createTestRecipient } from "./testing/forged-jwe";
import { ISSUER, NOW, TOLERANCE_SECONDS } from "./testing/test-issuer";
import { type VerificationRules, verifyToken } from "./verify";

const recipient = createTestRecipient("payroll");
const to = { kid: recipient.kid, jwk: recipient.publicKey.export({ format: "jwk" }) };
const subject = {
  userId: "8f9c1f5e-0c55-4a53-a6b5-6d5ef6b3a7b1",
  role: "admin" as const,
  sessionId: "c2Vzc2lvbi1pZC0xMjM0NQ",
  generation: 3,
  authenticatedAt: new Date(NOW.getTime() - 60_000),
  sessionExpiresAt: new Date(NOW.getTime() + 86_400_000),
};
const serviceSubject = { ...subject, subject: subject.userId, clientId: "latchkey", jkt: null };

interface Row {
  name: string;
  token: string;
  accepts(text: string): Promise<boolean>;
}

/** Everything that one application issues by the keys that it has, each with the verifier that it is meant for. */
async function issueEverything(sessionAlgorithm: Algorithm): Promise<Row[]> {
  const keys = createTestKeys({ clock: new HeldClock(NOW), algorithm: sessionAlgorithm });
  keys.store.needed = PROFILES.mesh.algorithms;
  await keys.open();
  const { keyring } = keys;
  for (const audience of ["billing", "archive"]) await addSecret(keys, audience);

  /** Of our own pages: every key that may be theirs. */
  const ownRules = {
    issuer: ISSUER,
    audience: ISSUER,
    profile: ownProfile(sessionAlgorithm, 600),
    clockToleranceSeconds: TOLERANCE_SECONDS,
    algorithms: keyring.algorithms,
    findKey: (kid: string) => keyring.findVerificationKey(kid),
  };
  const own = await issueAccessToken(subject, ISSUER, ownRules.profile, await keyring.findSigner(), NOW);

  /** By what is published, or the secrets of this one audience. */
  const serviceRow = async (audience: string, profile: Profile, algorithm: Algorithm): Promise<Row> => {
    const isLegacy = profile.keySource === "audience";
    const signer = await keyring.findSignerFor(isLegacy ? secretUse(audience) : "access_token", algorithm);
    const target = { audience, profile, lifetimeSeconds: profile.lifetimeSeconds, scope: "read" };
    const issued = await issueServiceToken(serviceSubject, ISSUER, target, signer, to, NOW);
    const secrets = new Map(keyring.findSecretKeys(audience).map((key) => [key.kid, key]));
    return row(`${audience} (${algorithm})`, issued.accessToken, {
      ...ownRules,
      audience,
      profile,
      algorithms: new Set([algorithm]),
      findKey: async (kid) => (isLegacy ? (secrets.get(kid) ?? null) : keyring.findVerificationKey(kid)),
      decryptionKeys: [await decryptionKey()],
    });
  };
  return [
    row("our own pages", own.accessToken, ownRules),
    ...(await Promise.all([
      ...PROFILES.mesh.algorithms.map((algorithm) =>
        serviceRow(`mesh-${algorithm}`, PROFILES.mesh, algorithm),
      ),
      serviceRow("orders", PROFILES.mesh, "ES256"),
      serviceRow("payroll", PROFILES["high-security"], "ES256"),
      serviceRow("health", PROFILES["high-security"], "ES256"),
      serviceRow("billing", PROFILES.legacy, "HS256"),
      serviceRow("archive", PROFILES.legacy, "HS256"),
    ])),
  ];
}

const row = <Claims extends CommonClaims>(
  name: string,
  token: string,
  rules: VerificationRules<Claims>,
): Row => ({ name, token, accepts: async (text) => (await verifyToken(text, rules, NOW)).ok });

const decryptionKey = async (): Promise<DecryptionKey> => ({
  kid: recipient.kid,
  curve: "P-256",
  key: (await importJWK(recipient.privateJwk, "ECDH-ES+A256KW")) as CryptoKey,
});

describe.each(Object.keys(ALGORITHMS) as Algorithm[])("with sessions by %s", async (sessionAlgorithm) => {
  const rows = await issueEverything(sessionAlgorithm);

  it.each(rows)("$name accepts its own tokens and no other", async ({ name, accepts }) => {
    const accepted: string[] = [];
    for (const other of rows) if (await accepts(other.token)) accepted.push(other.name);
    expect(accepted).toEqual([name]);
  });
});
