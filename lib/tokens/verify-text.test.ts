import { CompactEncrypt } from "jose";
import { describe, expect, it, test } from "vitest";
import {
  base64url,
  claims,
  createTestKey,
  createTestVerifier,
  derOf,
  forge,
  header,
  partsOf,
  signTexts,
} from "./testing/test-issuer";

const own = await createTestKey("own");
const { verdict, lookups } = createTestVerifier([own]);
const HEADER = JSON.stringify(header(own));
const PAYLOAD = JSON.stringify(claims());

/** Of the order of P-256's group: the second valid signature of the same bytes is (r, n - s). */
const P256_ORDER = BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

/** An honest token whose signature holds a character that base64 and base64url write differently. */
function tokenWithUrlCharacters(): string {
  const token = forge(own);
  return /[-_]/.test(partsOf(token)[2]) ? token : tokenWithUrlCharacters();
}
const honest = tokenWithUrlCharacters();
const [first, second, third] = partsOf(honest);

const nextAfter = (character: string): string => String.fromCharCode(character.charCodeAt(0) + 1);

describe("JSON with two readings, validly signed", () => {
  const doubled = (text: string, name: string, value: unknown) =>
    text.replace("{", `{${JSON.stringify(name)}:${JSON.stringify(value)},`);

  test.each([
    ["two alg, the last is honest", doubled(HEADER, "alg", "none"), PAYLOAD],
    ["two alg, the first is honest", HEADER.replace("}", ',"alg":"none"}'), PAYLOAD],
    ["two kid", doubled(HEADER, "kid", "other"), PAYLOAD],
    ["the same alg twice", doubled(HEADER, "alg", "ES256"), PAYLOAD],
    ["an escaped second alg", HEADER.replace("{", '{"\\u0061lg":"none",'), PAYLOAD],
    ["two sub", HEADER, doubled(PAYLOAD, "sub", "victim")],
    ["two role", HEADER, doubled(PAYLOAD, "role", "admin")],
    ["two exp", HEADER, doubled(PAYLOAD, "exp", 4_000_000_000)],
    ["white space", HEADER, PAYLOAD.replace(":", ": ")],
    ["a newline behind", HEADER, `${PAYLOAD}\n`],
    ["an escaped letter", HEADER, PAYLOAD.replace('"user"', '"\\u0075ser"')],
    ["an escaped slash", HEADER, PAYLOAD.replace("https://", "https:\\/\\/")],
    ["a number in another form", HEADER, PAYLOAD.replace('"gen":3', '"gen":3.0')],
    ["a number with an exponent", HEADER, PAYLOAD.replace('"gen":3', '"gen":3e0')],
    ["minus zero", HEADER, PAYLOAD.replace('"gen":3', '"gen":-0')],
    ["a byte order mark", HEADER, `\ufeff${PAYLOAD}`],
    ["a comment", HEADER, PAYLOAD.replace("{", "{/**/")],
    ["a trailing comma", HEADER, PAYLOAD.replace(/}$/, ",}")],
  ])("%s", async (_name, headerText, payloadText) => {
    expect(await verdict(signTexts(own, headerText, payloadText))).toBe("malformed");
  });

  it("refuses bytes that are not UTF-8, which decoders replace or refuse as they like", async () => {
    const payload = Buffer.from(PAYLOAD.replace('"sub":"8f9c1f5e', '"sub":"\u00ff\u00ff'), "latin1");
    expect(await verdict(signTexts(own, HEADER, payload))).toBe("malformed");
  });

  test.each(["", "null", "[]", "1", '"text"', "true", "{", "[{}]"])("header or payload %j", async (text) => {
    expect(await verdict(signTexts(own, text, PAYLOAD))).toBe("malformed");
    expect(await verdict(signTexts(own, HEADER, text))).toBe("malformed");
  });
});

describe("signature", () => {
  const signature = Buffer.from(third, "base64url");

  test.each([
    ["empty", Buffer.alloc(0), "malformed"],
    ["1 byte", signature.subarray(0, 1), "signature"],
    ["63 bytes", signature.subarray(0, 63), "signature"],
    ["65 bytes", Buffer.concat([signature, Buffer.from([0])]), "signature"],
    ["65 bytes, zero in front", Buffer.concat([Buffer.from([0]), signature]), "signature"],
    ["twice", Buffer.concat([signature, signature]), "signature"],
    ["2000 bytes", Buffer.alloc(2_000, signature), "signature"],
    ["3000 bytes", Buffer.alloc(3_000, signature), "too_large"],
    ["half a megabyte", Buffer.alloc(500_000, signature), "too_large"],
    ["DER", derOf(signature), "signature"],
    ["zero", Buffer.alloc(64), "signature"],
    ["r and s exchanged", Buffer.concat([signature.subarray(32), signature.subarray(0, 32)]), "signature"],
    ["of another token", own.sign("another.token"), "signature"],
  ])("%s", async (_name, bytes, reason) => {
    expect(await verdict(`${first}.${second}.${base64url(bytes)}`)).toBe(reason);
  });

  it("in ECDSA's second form says the same, so that a denial by jti or sid covers it", async () => {
    const s = BigInt(`0x${signature.subarray(32).toString("hex")}`);
    const otherS = Buffer.from((P256_ORDER - s).toString(16).padStart(64, "0"), "hex");
    const other = `${first}.${second}.${base64url(Buffer.concat([signature.subarray(0, 32), otherS]))}`;
    expect(other).not.toBe(honest);
    expect(other.split(".").slice(0, 2)).toEqual([first, second]);
    expect(await verdict(other)).toBe("accepted");
  });
});

describe("another text for the same bytes", () => {
  const plus = third.replace("-", "+").replace("_", "/");
  test.each([
    ["a space behind", `${honest} `],
    ["a newline behind", `${honest}\n`],
    ["padding behind", `${honest}==`],
    ["padding behind the header", `${first}=.${second}.${third}`],
    ["a dot behind", `${honest}.`],
    ["a dot in front", `.${honest}`],
    ["a space in front", ` ${honest}`],
    ["a byte order mark in front", `\ufeff${honest}`],
    ["a newline in the middle", `${first}.${second.slice(0, 20)}\n${second.slice(20)}.${third}`],
    ["a tab in the signature", `${first}.${second}.${third.slice(0, 9)}\t${third.slice(9)}`],
    ["NUL behind", `${honest}\0`],
    ["base64's alphabet", `${first}.${second}.${plus}`],
    [
      "stray bits in the last character of the signature",
      `${first}.${second}.${third.slice(0, -1)}${nextAfter(third.slice(-1))}`,
    ],
    ["quotes around", `"${honest}"`],
    ["a brace", `{${honest}}`],
    ["full-width dots", honest.replaceAll(".", "\uff0e")],
    ["a percent escape", honest.replace(".", "%2e")],
    ["Bearer in front", `Bearer ${honest}`],
  ])("%s", async (_name, text) => {
    expect(await verdict(text)).toBe("malformed");
  });

  it("refuses stray bits in the last character of header and payload", async () => {
    // Two bytes leave two bits of the last character unused, and one byte four.
    const texts = [{ kid: "own" }, { kid: "ow" }, { kid: "o" }].map((fields) => JSON.stringify(fields));
    const strayable = texts.filter((text) => text.length % 3 !== 0);
    expect(strayable).toHaveLength(2);
    for (const text of strayable) {
      const part = base64url(text);
      const stray = `${part.slice(0, -1)}${nextAfter(part.slice(-1))}`;
      expect(Buffer.from(stray, "base64url").toString()).toBe(text);
      expect(await verdict(`${stray}.${second}.${third}`)).toBe("malformed");
      expect(await verdict(`${first}.${stray}.${third}`)).toBe("malformed");
    }
  });
});

describe("number of parts", () => {
  test.each([
    ["nothing", ""],
    ["1", first],
    ["2", `${first}.${second}`],
    ["4", `${honest}.${third}`],
    ["5", `${honest}.${third}.${third}`],
    ["6", `${honest}.${honest}`],
    ["two dots", ".."],
    ["four dots", "...."],
    ["dots alone", ".".repeat(4000)],
    ["empty header", `.${second}.${third}`],
    ["empty payload", `${first}..${third}`],
  ])("%s", async (_name, text) => {
    expect(await verdict(text)).toBe("malformed");
  });
});

describe("other serialisations", () => {
  const fields = { payload: second, protected: first, signature: third };
  test.each([
    ["flattened JSON", JSON.stringify(fields)],
    [
      "general JSON",
      JSON.stringify({ payload: second, signatures: [{ protected: first, signature: third }] }),
    ],
    ["JSON with an extra payload", `${JSON.stringify({ payload: base64url('{"sub":"admin"}') })}${honest}`],
    ["JSON in base64url", base64url(JSON.stringify(fields))],
  ])("%s", async (_name, text) => {
    expect(await verdict(text)).toBe("malformed");
  });
});

describe("encrypted tokens where a signed one is required", () => {
  const jwe = (fields: object) =>
    [JSON.stringify(fields), "k".repeat(40), "i".repeat(12), "c".repeat(64), "t".repeat(16)]
      .map(base64url)
      .join(".");

  it("refuses a valid token inside a JWE to our own key", async () => {
    const nested = await new CompactEncrypt(Buffer.from(honest))
      .setProtectedHeader({ alg: "ECDH-ES+A256KW", enc: "A256GCM", typ: "at+jwt", cty: "JWT", kid: "own" })
      .encrypt(own.publicKey);
    expect(nested.split(".")).toHaveLength(5);
    expect(await verdict(nested)).toBe("malformed");
  });

  const pbes2 = { alg: "PBES2-HS256+A128KW", enc: "A128CBC-HS256", p2s: "c2FsdA" };
  test.each([
    ...[1e9, 2 ** 31, 0, -1, 1.5].map((p2c) => ({ ...pbes2, p2c })),
    { alg: "ECDH-ES", enc: "A256GCM", epk: { kty: "EC", crv: "P-256", x: "AA", y: "AA" } },
    { alg: "dir", enc: "A256GCM", zip: "DEF" },
    { alg: "RSA1_5", enc: "A128GCM" },
    { alg: "A128KW", enc: "A128GCM" },
  ])("refuses %j without doing its work", async (fields) => {
    const before = lookups.length;
    expect(await verdict(jwe(fields))).toBe("malformed");
    expect(lookups).toHaveLength(before);
  });

  it("refuses a JWE header on three parts", async () => {
    expect(await verdict(signTexts(own, JSON.stringify({ ...pbes2, p2c: 2 ** 31 }), PAYLOAD))).toBe("header");
  });
});

describe("size", () => {
  const padded = (bytes: number) =>
    `${first}.${second}.${"A".repeat(bytes - first.length - second.length - 2)}`;

  it("reads 4096 bytes and not one more", async () => {
    expect(await verdict(padded(4096))).toBe("signature");
    expect(await verdict(padded(4097))).toBe("too_large");
  });

  test.each([8, 16, 64, 4096])("%s KB", async (kilobytes) => {
    expect(await verdict(padded(kilobytes * 1024))).toBe("too_large");
  });

  it("spends nothing on tokens of 4 MB", async () => {
    const text = padded(4 * 1024 * 1024);
    const before = lookups.length;
    let quickestMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 200; round += 1) {
      const startMs = performance.now();
      await verdict(text);
      quickestMs = Math.min(quickestMs, performance.now() - startMs);
    }
    expect(quickestMs).toBeLessThan(5);
    expect(lookups).toHaveLength(before);
  });

  it("refuses a deeply nested payload within the size limit", async () => {
    expect(await verdict(signTexts(own, HEADER, "[".repeat(2800)))).toBe("malformed");
    expect(await verdict(signTexts(own, HEADER, `{"a":${"[".repeat(1300)}${"]".repeat(1300)}}`))).toBe(
      "claims",
    );
  });
});
