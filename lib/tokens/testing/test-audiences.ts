import { createHmac, createSecretKey } from "node:crypto";
import { type CryptoKey, calculateJwkThumbprint, importJWK, type JWK } from "jose";
import type { Algorithm } from "@/lib/keys/algorithms";
import { importSecretKey } from "@/lib/keys/verification-key";
import type { CommonClaims } from "../claims";
import type { DecryptionKey } from "../decrypt";
import { ownProfile, PROFILES } from "../profiles";
import { type Verification, type VerificationRules, verifyToken } from "../verify";
import { createTestRecipient, sealJwe, type TestRecipient } from "./forged-jwe";
import {
  base64url,
  claims,
  createTestKey,
  header,
  ISSUER,
  NOW,
  NOW_SECONDS,
  signTexts,
  type TestKey,
  TOLERANCE_SECONDS,
} from "./test-issuer";

type ProfileOfTest = "mesh" | "high-security" | "legacy" | "own";

/** A verifier of tokens, and all that it takes to make one for it. */
export interface TestAudience {
  name: string;
  profile: ProfileOfTest;
  algorithm: Algorithm;
  /** Its `aud`. */
  identifier: string;
  key: TestKey;
  /** The text of the key, of the profile `legacy`. */
  secret: string | null;
  /** Of the profile `high-security`. */
  recipient: TestRecipient | null;
  /** Every `kid` that was asked for, in order. */
  lookups: string[];
  verify(text: string, now?: Date): Promise<Verification<CommonClaims>>;
}

/** What a token consists of; each part may be of another one. */
export interface TokenParts {
  key: TestKey;
  alg: unknown;
  kid: unknown;
  typ: unknown;
  /** Whose claims it has, and for which audience. */
  payload: { kind: "own" | "service"; aud: string };
  wrapping: Wrapping;
}

/** What was done with a token after it was signed. */
export interface Wrapping {
  name: string;
  /** Who can open it and finds a token of his in it. */
  opensFor: TestRecipient | "everybody" | "nobody";
  wrap(signed: string): string;
}

export interface TestAudiences {
  audiences: readonly TestAudience[];
  /** Every key that is published. */
  published: readonly TestKey[];
  /** Each value that a part of a token has anywhere, and some that it has nowhere. */
  values: { [Part in keyof TokenParts]: readonly TokenParts[Part][] };
}

const LIFETIME_SECONDS = 240;

const instants = { iat: NOW_SECONDS - 10, nbf: NOW_SECONDS - 10, exp: NOW_SECONDS - 10 + LIFETIME_SECONDS };

/** The claims of an honest token, of a lifetime that every profile allows. */
export const payloadOf = ({ kind, aud }: TokenParts["payload"], changes: object = {}): object =>
  claims({
    ...instants,
    aud,
    ...(kind === "own" ? {} : { gen: undefined, scope: "read write" }),
    ...changes,
  });

/** A token of these parts, validly signed by its key. */
export function writeToken(parts: TokenParts, payload: object = {}): string {
  const { key, alg, kid, typ, wrapping } = parts;
  const headerText = JSON.stringify(header(key, { alg, kid, typ }));
  return wrapping.wrap(signTexts(key, headerText, JSON.stringify(payloadOf(parts.payload, payload))));
}

export const honestParts = (audience: TestAudience): TokenParts => ({
  key: audience.key,
  alg: audience.algorithm,
  kid: audience.key.kid,
  typ: "at+jwt",
  payload: { kind: audience.profile === "own" ? "own" : "service", aud: audience.identifier },
  wrapping: audience.recipient === null ? SIGNED : sealedTo(audience.recipient),
});

export const PARTS = [
  "key",
  "alg",
  "kid",
  "typ",
  "payload",
  "wrapping",
] as const satisfies (keyof TokenParts)[];

/** The same token with each value that one of its parts has anywhere. */
export const exchange = (
  parts: TokenParts,
  name: keyof TokenParts,
  values: TestAudiences["values"],
): TokenParts[] => values[name].map((value) => ({ ...parts, [name]: value }));

/** Said without the code under test: every part is the one that this audience asks for. */
export function isMeantFor(
  audience: TestAudience,
  { key, alg, kid, typ, payload, wrapping }: TokenParts,
): boolean {
  return (
    key === audience.key &&
    alg === audience.algorithm &&
    kid === audience.key.kid &&
    typ === "at+jwt" &&
    payload.aud === audience.identifier &&
    payload.kind === (audience.profile === "own" ? "own" : "service") &&
    wrapping.opensFor === (audience.recipient ?? "everybody")
  );
}

export const describeParts = ({ key, alg, kid, typ, payload, wrapping }: TokenParts): string =>
  JSON.stringify({ signedBy: key.kid, alg, kid, typ, ...payload, wrapping: wrapping.name });

/** An honest token but for these claims. */
export const tokenFor = (audience: TestAudience, payload: object = {}): string =>
  writeToken(honestParts(audience), payload);

export const SIGNED: Wrapping = { name: "signed", opensFor: "everybody", wrap: (signed) => signed };

export const sealedTo = (recipient: TestRecipient): Wrapping => ({
  name: `to ${recipient.kid}`,
  opensFor: recipient,
  wrap: (signed) => sealJwe(signed, recipient),
});

const sealedWrongly = (name: string, wrap: Wrapping["wrap"]): Wrapping => ({
  name,
  opensFor: "nobody",
  wrap,
});

/**
 * Two audiences of each profile, one of each further algorithm, and our own pages by a key pair and by a secret.
 * Where keys coincide, the published ES256 key and every secret have one `kid`, every secret is the text of that public
 * key, and all audiences decrypt with one key.
 */
export async function createTestAudiences({
  doKeysCoincide,
}: {
  doKeysCoincide: boolean;
}): Promise<TestAudiences> {
  const pair = await createTestKey("es256");
  const publicText = pair.publicKey.export({ format: "pem", type: "spki" }).toString();
  const publicAsSecret = await createSecret(publicText);
  const secretOf = (text: string) => (doKeysCoincide ? publicAsSecret : createSecret(text));
  const kid = doKeysCoincide ? publicAsSecret.kid : "es256";
  const es256 = { ...pair, kid, verificationKey: { ...pair.verificationKey, kid } };
  const rs256 = await createTestKey("rs256", "RS256");
  const eddsa = await createTestKey("eddsa", "EdDSA");
  const ours = await secretOf("o".repeat(43));
  const first = await secretOf("f".repeat(43));
  const second = await secretOf("s".repeat(43));
  const firstRecipient = createTestRecipient("first");
  const secondRecipient = doKeysCoincide ? firstRecipient : createTestRecipient("second");
  const published = [es256, rs256, eddsa];

  const audiences = await Promise.all([
    createAudience("own", ISSUER, es256, published),
    createAudience("own", ISSUER, ours),
    createAudience("mesh", "orders", es256, published),
    createAudience("mesh", "stock", es256, published),
    createAudience("mesh", "reports", rs256, published),
    createAudience("mesh", "devices", eddsa, published),
    createAudience("high-security", "payroll", es256, published, firstRecipient),
    createAudience("high-security", "health", es256, published, secondRecipient),
    createAudience("legacy", "billing", first),
    createAudience("legacy", "archive", second),
  ]);
  const keys = new Set([...published, ours, first, second, publicAsSecret]);
  const identifiers = new Set(audiences.map(({ identifier }) => identifier));
  return {
    audiences,
    published,
    values: {
      key: [...keys],
      alg: ["ES256", "RS256", "EdDSA", "HS256", "none"],
      kid: [...new Set([...keys].map((key) => key.kid)), undefined],
      typ: ["at+jwt", "JWT", undefined],
      payload: (["own", "service"] as const).flatMap((kind) =>
        [...identifiers].map((aud) => ({ kind, aud })),
      ),
      wrapping: [
        SIGNED,
        ...[...new Set([firstRecipient, secondRecipient])].map(sealedTo),
        ...wrongWrappings(firstRecipient, createTestRecipient("stranger"), es256),
      ],
    },
  };
}

const wrongWrappings = (recipient: TestRecipient, stranger: TestRecipient, signer: TestKey): Wrapping[] => [
  sealedWrongly("by another key under this name", (signed) =>
    sealJwe(signed, { ...stranger, kid: recipient.kid }),
  ),
  sealedWrongly("by this key under another name", (signed) =>
    sealJwe(signed, { ...recipient, kid: stranger.kid }),
  ),
  sealedWrongly("under the name of the signing key", (signed) =>
    sealJwe(signed, { ...recipient, kid: signer.kid }),
  ),
  sealedWrongly("without cty", (signed) => sealJwe(signed, recipient, { cty: undefined })),
  sealedWrongly("with another cty", (signed) => sealJwe(signed, recipient, { cty: "at+jwt" })),
  sealedWrongly("twice", (signed) => sealJwe(sealJwe(signed, recipient), recipient)),
  sealedWrongly("signed again outside", (signed) =>
    signTexts(signer, JSON.stringify(header(signer)), sealJwe(signed, recipient)),
  ),
];

/** The HMAC key is the text itself, and its `kid` the RFC 7638 thumbprint. */
async function createSecret(text: string): Promise<TestKey & { secret: string }> {
  const secret = createSecretKey(text, "utf8");
  const jwk: JWK = { kty: "oct", k: base64url(text) };
  const kid = await calculateJwkThumbprint(jwk);
  return {
    kid,
    secret: text,
    publicJwk: jwk,
    publicKey: secret,
    verificationKey: { kid, algorithm: "HS256", key: await importSecretKey(Buffer.from(text)) },
    sign: (signingInput) => createHmac("sha256", secret).update(signingInput).digest(),
  };
}

async function createAudience(
  profile: ProfileOfTest,
  identifier: string,
  key: TestKey & { secret?: string },
  keys: readonly TestKey[] = [key],
  recipient: TestRecipient | null = null,
): Promise<TestAudience> {
  const { algorithm } = key.verificationKey;
  const byKid = new Map(keys.map(({ kid, verificationKey }) => [kid, verificationKey]));
  const lookups: string[] = [];
  const rules: Omit<VerificationRules<CommonClaims>, "profile"> = {
    issuer: ISSUER,
    audience: identifier,
    clockToleranceSeconds: TOLERANCE_SECONDS,
    algorithms: new Set([algorithm]),
    findKey: async (kid) => {
      lookups.push(kid);
      return byKid.get(kid) ?? null;
    },
    decryptionKeys: recipient === null ? [] : [await decryptionKeyOf(recipient)],
  };
  return {
    name: `${profile} ${algorithm} ${identifier}`,
    profile,
    algorithm,
    identifier,
    key,
    secret: key.secret ?? null,
    recipient,
    lookups,
    verify: (text, now = NOW) =>
      profile === "own"
        ? verifyToken(text, { ...rules, profile: ownProfile(algorithm, LIFETIME_SECONDS) }, now)
        : verifyToken(text, { ...rules, profile: PROFILES[profile] }, now),
  };
}

async function decryptionKeyOf({ kid, privateJwk }: TestRecipient): Promise<DecryptionKey> {
  const key = (await importJWK(privateJwk, "ECDH-ES+A256KW")) as CryptoKey;
  return { kid, curve: "P-256", key };
}
