import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { CompactEncrypt, FlattenedEncrypt, GeneralEncrypt } from "jose";
import { newKeyPair } from "@/lib/crypto/testing/key-pair";
import { sealJwe, type TestRecipient } from "./forged-jwe";
import { base64url, header, type TestKey } from "./test-issuer";

export interface EncryptedAttack {
  name: string;
  text: string;
}

type Rows = Record<string, string>;

/** All that SECURITY.md has of encrypted tokens, made from one honest token for this recipient. */
export interface EncryptedAttacks {
  /** Refused for what the outer header or the form of the text says: no key is used, and nothing is inflated. */
  beforeAnyKey: EncryptedAttack[];
  /** Refused when it is opened, or for what was in it. */
  whenOpened: EncryptedAttack[];
}

export async function encryptedAttacks(
  signed: string,
  signer: TestKey,
  recipient: TestRecipient,
): Promise<EncryptedAttacks> {
  const honest = sealJwe(signed, recipient);
  return {
    beforeAnyKey: list({
      ...compressed(signed, recipient),
      ...(await passwordBased(signed, recipient)),
      ...foreignEphemeralKeys(signed, recipient),
      ...(await otherKeyManagement(signed, recipient)),
      ...otherHeaders(signed, recipient),
      ...otherTexts(honest),
      ...(await otherSerialisations(signed, recipient)),
    }),
    whenOpened: list({
      ...impossibleEphemeralKeys(signed, recipient),
      ...stripped(signed, signer, recipient),
      ...tampered(honest, sealJwe(signed, recipient)),
    }),
  };
}

const list = (rows: Rows): EncryptedAttack[] => Object.entries(rows).map(([name, text]) => ({ name, text }));

const MEGABYTE = 1024 * 1024;

/** DEFLATE (RFC 1951) of so many megabytes of zeros, without ever having them. */
function deflatedZeros(megabytes: number): Buffer {
  const block = deflateRawSync(Buffer.alloc(MEGABYTE), { finishFlush: constants.Z_FULL_FLUSH, level: 9 });
  const end = deflateRawSync(Buffer.alloc(0));
  return Buffer.concat([...Array.from({ length: megabytes }, () => block), end]);
}

/** J6. The text is small enough to be read in all but the largest. */
function compressed(signed: string, recipient: TestRecipient): Rows {
  const zipped = (content: Uint8Array, zip: unknown = "DEF") => sealJwe(content, recipient, { zip });
  return {
    "zip: an honest token": zipped(deflateRawSync(signed)),
    "zip: named, but nothing is compressed": sealJwe(signed, recipient, { zip: "DEF" }),
    "zip: 7 bytes": zipped(deflateRawSync("seven b").subarray(0, 7)),
    "zip: 4 MB": zipped(deflatedZeros(4)),
    "zip: 10 MB": zipped(deflatedZeros(10)),
    "zip: 1 GB": zipped(deflatedZeros(1024)),
    "zip: of another kind": zipped(deflateRawSync(signed), "GZ"),
    "zip: null": zipped(Buffer.from(signed), null),
  };
}

/** J7. */
async function passwordBased(signed: string, recipient: TestRecipient): Promise<Rows> {
  const honest = await new CompactEncrypt(Buffer.from(signed))
    .setKeyManagementParameters({ p2c: 1000 })
    .setProtectedHeader({ alg: "PBES2-HS256+A128KW", enc: "A256GCM", kid: recipient.kid, cty: "JWT" })
    .encrypt(Buffer.from(recipient.kid));
  const counts = [1e9, 2 ** 31, 2 ** 53, 1_200_001, 1, 0, -1, 1.5, "1000", null];
  return {
    "PBES2: the name of the key for a password": honest,
    ...Object.fromEntries(
      ["PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW"].flatMap((alg) =>
        counts.map((p2c) => [
          `${alg}: p2c ${JSON.stringify(p2c)}`,
          sealJwe(signed, recipient, { alg, p2c, p2s: base64url(randomBytes(16)) }),
        ]),
      ),
    ),
    "p2c beside the right alg": sealJwe(signed, recipient, { p2c: 2 ** 31, p2s: base64url("salt") }),
  };
}

const publicJwkOf = (key: KeyObject): Record<string, unknown> => ({ ...key.export({ format: "jwk" }) });

/** J4: of another form than a public key of the curve P-256 has. */
function foreignEphemeralKeys(signed: string, recipient: TestRecipient): Rows {
  const pair = newKeyPair("ec", { namedCurve: "P-256" });
  const own = publicJwkOf(pair.publicKey);
  const p384 = publicJwkOf(newKeyPair("ec", { namedCurve: "P-384" }).publicKey);
  const x25519 = publicJwkOf(newKeyPair("x25519").publicKey);
  const keys: Record<string, unknown> = {
    absent: undefined,
    null: null,
    "a text": "epk",
    "a list": [own],
    empty: {},
    "P-384": p384,
    "P-521": publicJwkOf(newKeyPair("ec", { namedCurve: "P-521" }).publicKey),
    X25519: x25519,
    "X25519 as if EC": { ...x25519, kty: "EC" },
    "X25519 by the name of P-256": { ...x25519, crv: "P-256" },
    "OKP by type": { ...own, kty: "OKP" },
    "crv in another case": { ...own, crv: "p-256" },
    "crv as a list": { ...own, crv: ["P-256"] },
    "crv absent": { ...own, crv: undefined },
    "kty absent": { ...own, kty: undefined },
    "a private key": publicJwkOf(pair.privateKey),
    "d empty": { ...own, d: "" },
    "with kid": { ...own, kid: recipient.kid },
    "with alg": { ...own, alg: "ECDH-ES+A256KW" },
    "with key_ops": { ...own, key_ops: ["deriveBits"] },
    "with ext": { ...own, ext: true },
    "with jku": { ...own, jku: "http://127.0.0.1/" },
    "with k": { ...own, k: "AAAA" },
  };
  return sealedWith("epk", keys, signed, recipient);
}

/** J4: of the right form, but no point of the curve, or not the one that was agreed with. */
function impossibleEphemeralKeys(signed: string, recipient: TestRecipient): Rows {
  const own = publicJwkOf(newKeyPair("ec", { namedCurve: "P-256" }).publicKey);
  const p384 = publicJwkOf(newKeyPair("ec", { namedCurve: "P-384" }).publicKey);
  const zeros = base64url(Buffer.alloc(32));
  const prime = base64url(Buffer.from(`ffffffff00000001${"0".repeat(24)}${"f".repeat(24)}`, "hex"));
  const keys: Record<string, unknown> = {
    "(0, 0)": { ...own, x: zeros, y: zeros },
    "(0, y)": { ...own, x: zeros },
    "(x, 0)": { ...own, y: zeros },
    "off the curve": { ...own, y: own.x },
    "x not below the prime": { ...own, x: prime },
    "y not below the prime": { ...own, y: base64url(Buffer.alloc(32, 255)) },
    "P-384 by the name of P-256": { ...p384, crv: "P-256" },
    "x of 31 bytes": { ...own, x: base64url(Buffer.alloc(31, 1)) },
    "x of 33 bytes": {
      ...own,
      x: base64url(Buffer.concat([Buffer.alloc(1), Buffer.from(String(own.x), "base64url")])),
    },
    "x empty": { ...own, x: "" },
    "x a number": { ...own, x: 1 },
    "x a list": { ...own, x: [own.x] },
    "x null": { ...own, x: null },
    "x absent": { ...own, x: undefined },
    "y absent": { ...own, y: undefined },
    "x in another alphabet": { ...own, x: `+/${String(own.x).slice(2)}` },
    "another's": own,
    "the recipient's own": publicJwkOf(recipient.publicKey),
  };
  return sealedWith("epk", keys, signed, recipient);
}

/** J1: not the one algorithm and the one encryption. */
async function otherKeyManagement(signed: string, recipient: TestRecipient): Promise<Rows> {
  const rsa = newKeyPair("rsa", { modulusLength: 2048 }).publicKey;
  const keys: Record<string, KeyObject> = {
    dir: createSecretKey(randomBytes(32)),
    A128KW: createSecretKey(randomBytes(16)),
    A256KW: createSecretKey(randomBytes(32)),
    A256GCMKW: createSecretKey(randomBytes(32)),
    "RSA-OAEP": rsa,
    "RSA-OAEP-256": rsa,
  };
  const byOthers = Object.entries(keys).map(async ([alg, key]) => {
    const protectedHeader = { alg, enc: "A256GCM", kid: recipient.kid, cty: "JWT" };
    const jwe = new CompactEncrypt(Buffer.from(signed)).setProtectedHeader(protectedHeader);
    return [`alg: ${alg}`, await jwe.encrypt(key)] as const;
  });
  const named = [
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "RSA1_5",
    "none",
    "",
    "ecdh-es+a256kw",
    null,
    1,
  ];
  const algorithms = Object.fromEntries(named.map((alg) => [JSON.stringify(alg), alg]));
  const contents = Object.fromEntries(
    ["A128GCM", "A192GCM", "A256CBC-HS512", "a256gcm", "", null, ["A256GCM"], undefined].map((enc) => [
      JSON.stringify(enc),
      enc,
    ]),
  );
  return {
    ...Object.fromEntries(await Promise.all(byOthers)),
    ...sealedWith("alg", { ...algorithms, undefined }, signed, recipient),
    ...sealedWith("enc", contents, signed, recipient),
  };
}

const sealedWith = (
  member: string,
  values: Record<string, unknown>,
  signed: string,
  recipient: TestRecipient,
): Rows =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `${member}: ${name}`,
      sealJwe(signed, recipient, { [member]: value }),
    ]),
  );

/** J8, J10, J12: members that the outer header never has, or not with this value. */
function otherHeaders(signed: string, recipient: TestRecipient): Rows {
  const sealed = (changes: Record<string, unknown>) => sealJwe(signed, recipient, changes);
  const own = publicJwkOf(recipient.publicKey);
  const changes: Record<string, unknown>[] = [
    { typ: "at+jwt" },
    { typ: "JWT" },
    { apu: base64url("Alice") },
    { apv: base64url("Bob") },
    { apu: "" },
    { crit: ["exp"], exp: 1 },
    { crit: [] },
    { crit: ["b64"], b64: false },
    { b64: false },
    { jwk: own },
    { jku: "http://127.0.0.1/jwks" },
    { x5u: "http://127.0.0.1/chain" },
    { x5c: ["MIIB"] },
    { x5t: "dGh1bWJwcmludA" },
    { iv: base64url(randomBytes(12)) },
    { tag: base64url(randomBytes(16)) },
    { p2s: "c2FsdA" },
    { iss: "https://login.example.com" },
    { exp: 4_000_000_000 },
    { skid: "sender" },
    { cty: undefined },
    { cty: "" },
    { cty: "jwt" },
    { cty: "at+jwt" },
    { cty: "application/JWT" },
    { cty: ["JWT"] },
    { cty: null },
    { kid: undefined },
    { kid: null },
    { kid: "" },
    { kid: [recipient.kid] },
    { kid: `${recipient.kid} ` },
    { kid: recipient.kid.toUpperCase() },
    { kid: "__proto__" },
    { kid: "constructor" },
    { kid: "../../../../dev/null" },
    { kid: "k".repeat(1000) },
  ];
  return Object.fromEntries(
    changes.map((change) => {
      const [[name, value] = ["nothing", undefined]] = Object.entries(change);
      return [`${name}: ${String(JSON.stringify(value)).slice(0, 40)}`, sealed(change)];
    }),
  );
}

const nextAfter = (character: string): string => String.fromCharCode(character.charCodeAt(0) + 1);

/** J8: the one text that an honest token has, varied. */
function otherTexts(honest: string): Rows {
  const parts = honest.split(".");
  const withPart = (index: number, part: string) => parts.with(index, part).join(".");
  const varied = parts.flatMap((part, index): [string, string][] => [
    [`part ${index}: padding`, withPart(index, `${part}=`)],
    [`part ${index}: a space`, withPart(index, `${part.slice(0, 3)} ${part.slice(3)}`)],
    [`part ${index}: a newline behind`, withPart(index, `${part}\n`)],
    [`part ${index}: another alphabet`, withPart(index, `+/${part.slice(2)}`)],
    [`part ${index}: a letter beyond ASCII`, withPart(index, `${part}\u00ff`)],
    [`part ${index}: one character alone`, withPart(index, "A")],
    // Of 4 characters the last may have bits that stand for nothing, unless there are 3 whole bytes.
    ...(part.length % 4 === 0
      ? []
      : [
          [`part ${index}: stray bits`, withPart(index, part.slice(0, -1) + nextAfter(part.slice(-1)))] as [
            string,
            string,
          ],
        ]),
  ]);
  const [first = "", ...rest] = parts;
  const doubled = Buffer.from(first, "base64url").toString().replace("{", '{"alg":"dir",');
  const spaced = Buffer.from(first, "base64url").toString().replace(":", ": ");
  return {
    ...Object.fromEntries(varied),
    "header: two alg": [base64url(doubled), ...rest].join("."),
    "header: white space": [base64url(spaced), ...rest].join("."),
    "header: no JSON": [base64url("{"), ...rest].join("."),
    "header: a list": [base64url("[]"), ...rest].join("."),
    "header: empty": ["", ...rest].join("."),
    "4 parts": parts.slice(0, 4).join("."),
    "6 parts": `${honest}.${parts[4]}`,
    "a dot behind": `${honest}.`,
    "a dot in front": `.${honest}`,
    "dots alone": "....",
    "more dots than a token has bytes": ".".repeat(8000),
    twice: `${honest}.${honest}`,
    "a space in front": ` ${honest}`,
    quoted: `"${honest}"`,
    nothing: "",
    "8 KB and one byte": honest.padEnd(8193, "A"),
    "4 MB": honest.padEnd(4 * MEGABYTE, "A"),
  };
}

async function otherSerialisations(signed: string, recipient: TestRecipient): Promise<Rows> {
  const protectedHeader = { alg: "ECDH-ES+A256KW", enc: "A256GCM", kid: recipient.kid, cty: "JWT" };
  const content = Buffer.from(signed);
  const flattened = await new FlattenedEncrypt(content)
    .setProtectedHeader(protectedHeader)
    .encrypt(recipient.publicKey);
  const general = await new GeneralEncrypt(content)
    .setProtectedHeader(protectedHeader)
    .addRecipient(recipient.publicKey)
    .encrypt();
  return {
    "flattened JSON": JSON.stringify(flattened),
    "general JSON": JSON.stringify(general),
    "flattened JSON in base64url": base64url(JSON.stringify(flattened)),
    "the signed token alone": signed,
  };
}

/** J3: what is inside is no signed token. */
function stripped(signed: string, signer: TestKey, recipient: TestRecipient): Rows {
  const [, payload = "", signature = ""] = signed.split(".");
  const unsigned = (alg: unknown) => `${base64url(JSON.stringify(header(signer, { alg })))}.${payload}.`;
  const inner: Record<string, string | Uint8Array> = {
    nothing: "",
    "the claims as JSON": Buffer.from(payload, "base64url"),
    "the claims encoded": payload,
    "header and claims": signed.split(".").slice(0, 2).join("."),
    "a token without its signature": `${signed.split(".").slice(0, 2).join(".")}.`,
    "a token with a space behind": `${signed} `,
    "a token quoted": JSON.stringify(signed),
    "a token and a byte order mark": `\ufeff${signed}`,
    "bytes that are no UTF-8": Buffer.from([0xff, 0xfe, 0x00]),
    "another encrypted token": sealJwe(signed, recipient),
    "a flattened token": JSON.stringify({ protected: signed.split(".")[0], payload, signature }),
  };
  for (const alg of ["none", "None", "NONE", "nOnE", "", null]) {
    inner[`alg ${JSON.stringify(alg)}`] = unsigned(alg);
    inner[`alg ${JSON.stringify(alg)} with the signature`] = `${unsigned(alg)}${signature}`;
  }
  return Object.fromEntries(
    Object.entries(inner).map(([name, content]) => [`inside: ${name}`, sealJwe(content, recipient)]),
  );
}

/** J3: one part is not the one that belongs there. */
function tampered(honest: string, other: string): Rows {
  const rows: Rows = {};
  for (const [index, part] of honest.split(".").entries()) {
    if (index === 0) continue;
    const bytes = Buffer.from(part, "base64url");
    const withBytes = (changed: Uint8Array) => honest.split(".").with(index, base64url(changed)).join(".");
    rows[`part ${index}: the first bit`] = withBytes(Buffer.from(bytes).fill((bytes[0] ?? 0) ^ 128, 0, 1));
    rows[`part ${index}: the last bit`] = withBytes(
      Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) ?? 0) ^ 1])]),
    );
    rows[`part ${index}: a byte less`] = withBytes(bytes.subarray(0, -1));
    rows[`part ${index}: a byte more`] = withBytes(Buffer.concat([bytes, Buffer.alloc(1)]));
    rows[`part ${index}: empty`] = withBytes(Buffer.alloc(0));
    rows[`part ${index}: zeros`] = withBytes(Buffer.alloc(bytes.length));
    rows[`part ${index}: of another token`] = honest
      .split(".")
      .with(index, other.split(".")[index] ?? "")
      .join(".");
  }
  rows["part 0: of another token"] = honest
    .split(".")
    .with(0, other.split(".")[0] ?? "")
    .join(".");
  rows["tag of 4 bytes"] = honest.replace(/\.([^.]*)$/, (_, tag) => `.${tag.slice(0, 4)}AA`);
  return rows;
}
