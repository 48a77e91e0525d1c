import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { createTestKey, createTestVerifier, forge, signTexts } from "./testing/test-issuer";

const own = await createTestKey("own");
const attacker = await createTestKey("own");
const { verdict } = createTestVerifier([own]);

describe("header members that an access token of ours never has", () => {
  const certificate = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA";
  test.each([
    ["crit naming exp", { crit: ["exp"] }],
    ["crit naming nothing known", { crit: ["x"], x: 1 }],
    ["crit empty", { crit: [] }],
    ["crit as text", { crit: "b64" }],
    ["crit b64 true", { crit: ["b64"], b64: true }],
    ["crit b64 false", { crit: ["b64"], b64: false }],
    ["b64 false without crit", { b64: false }],
    ["b64 true without crit", { b64: true }],
    ["jwk, the signer's own", { jwk: attacker.publicJwk }],
    ["x5c", { x5c: [certificate] }],
    ["x5t", { x5t: "dGh1bWJwcmludA" }],
    ["cty", { cty: "JWT" }],
    ["zip", { zip: "DEF" }],
    ["p2c", { p2c: 2 ** 31 }],
    ["enc", { enc: "A256GCM" }],
    ["a member of its own", { admin: true }],
  ])("%s, validly signed", async (_name, members) => {
    expect(await verdict(forge(own, { header: members }))).toBe("header");
  });

  it("refuses a __proto__ member", async () => {
    const text = '{"alg":"ES256","typ":"at+jwt","kid":"own","__proto__":{"alg":"none"}}';
    expect(await verdict(signTexts(own, text, "{}"))).toBe("header");
  });

  it("refuses a key that the token brings with it, signed by that key", async () => {
    expect(await verdict(forge(attacker, { header: { jwk: attacker.publicJwk } }))).toBe("header");
  });
});

describe("addresses of keys", () => {
  let listener: Server;
  let origin: string;
  const hits: string[] = [];

  beforeAll(async () => {
    listener = createServer((request, response) => {
      hits.push(String(request.url));
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ keys: [{ ...attacker.publicJwk, kid: "own", alg: "ES256" }] }));
    });
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  });
  afterAll(() => listener.close());

  test.each(["jku", "x5u", "iss", "kid"])("%s is never fetched", async (member) => {
    hits.length = 0;
    const address = `${origin}/${member}`;
    const ofAttacker = forge(attacker, { header: { [member]: address }, payload: { iss: address } });
    const ofOurs = forge(own, { header: { [member]: address } });
    expect(await verdict(ofAttacker)).toMatch(/^(header|unknown_key)$/);
    expect(await verdict(ofOurs)).toMatch(/^(header|unknown_key)$/);
    await fetch(`${origin}/this-test`);
    expect(hits).toEqual(["/this-test"]);
  });
});

describe("typ", () => {
  test.each(["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])(
    "%j is an access token",
    async (typ) => {
      expect(await verdict(forge(own, { header: { typ } }))).toBe("accepted");
    },
  );

  test.each([
    ["absent", undefined],
    ["JWT", "JWT"],
    ["jwt", "jwt"],
    ["an ID token", "id+jwt"],
    ["a refresh token", "rt+jwt"],
    ["a logout token", "logout+jwt"],
    ["a DPoP proof", "dpop+jwt"],
    ["a DBSC proof", "dbsc+jwt"],
    ["an authorization code", "code+jwt"],
    ["a security event", "secevent+jwt"],
    ["introspection", "token-introspection+jwt"],
    ["empty", ""],
    ["a space behind", "at+jwt "],
    ["a parameter", "at+jwt;x=1"],
    ["application/ alone", "application/"],
    ["application/ twice", "application/application/at+jwt"],
    ["another tree", "x/at+jwt"],
    ["a suffix", "at+jwt+x"],
    ["a list", ["at+jwt"]],
    ["a number", 1],
    ["null", null],
  ])("%s is not", async (_name, typ) => {
    expect(await verdict(forge(own, { header: { typ } }))).toBe("type");
  });
});
