import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, expect, it } from "vitest";
import { addSeconds } from "../../../lib/crypto/clock";
import { CachingVerifier } from "./caching-verifier";

const NOW = new Date("2027-03-01T12:00:00.000Z");
const at = (seconds: number): Date => addSeconds(NOW, seconds);

let server: Server;
let origin: string;
let headers: Record<string, string>;
let keys: object[];
let reads: number;
let isDown: boolean;
beforeEach(async () => {
  headers = { "Cache-Control": "public, max-age=300, stale-while-revalidate=60" };
  keys = [];
  reads = 0;
  isDown = false;
  server = createServer((_, response) => {
    reads += 1;
    response.writeHead(isDown ? 503 : 200, headers).end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A token of a new key, which is published from now on or not. */
async function tokenOf(kid: string, { isPublished = true, audience = origin } = {}): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  if (isPublished) keys.push({ ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" });
  return new SignJWT({})
    .setProtectedHeader({ alg: "ES256", kid, typ: "at+jwt" })
    .setIssuer(origin)
    .setAudience(audience)
    .setExpirationTime(addSeconds(NOW, 3_600))
    .sign(privateKey);
}

const verifier = () => new CachingVerifier(origin, 10);
const codeOf = (refusal: { says: string } | null | undefined) => refusal?.says.split(":")[0] ?? null;

it("reads the JWKS once for as long as its max-age says, whatever it is given", async () => {
  const [first, second] = [await tokenOf("first"), await tokenOf("second", { isPublished: false })];
  const verifying = verifier();
  for (const seconds of [0, 1, 299]) {
    const refusals = await verifying.verifyAll([first, second, first], at(seconds));
    expect(refusals).toMatchObject([null, { isUnknownKid: true }, null]);
  }
  expect(reads).toBe(1);
  await verifying.verifyAll([first], at(300));
  expect(reads).toBe(2);
});

it("does not hear of a key before that, and hears of it then", async () => {
  const verifying = verifier();
  await verifying.verifyAll([await tokenOf("first")], NOW);
  const late = await tokenOf("late");
  expect(await verifying.verifyAll([late], at(299))).toMatchObject([{ isUnknownKid: true }]);
  expect(await verifying.verifyAll([late], at(300))).toEqual([null]);
});

it("keeps it for the whole max-age, however long a cache on the way has had it", async () => {
  headers.Age = "299";
  const token = await tokenOf("first");
  const verifying = verifier();
  for (const seconds of [0, 299]) await verifying.verifyAll([token], at(seconds));
  expect(reads).toBe(1);
});

it("keeps one that does not say for ten minutes, as jose does", async () => {
  headers = {};
  const token = await tokenOf("first");
  const verifying = verifier();
  for (const seconds of [0, 599]) await verifying.verifyAll([token], at(seconds));
  expect(reads).toBe(1);
  await verifying.verifyAll([token], at(600));
  expect(reads).toBe(2);
});

it("refuses while it cannot read the JWKS, and asks again", async () => {
  const token = await tokenOf("first");
  const verifying = verifier();
  isDown = true;
  const [refusal] = await verifying.verifyAll([token], NOW);
  expect(refusal).toMatchObject({
    isUnknownKid: false,
    says: expect.stringMatching(/^ERR_JOSE_GENERIC: Expected 200/),
  });
  isDown = false;
  expect(await verifying.verifyAll([token], at(1))).toEqual([null]);
});

it("checks what the token is for, and the time it is given", async () => {
  const [mine, theirs] = [
    await tokenOf("first"),
    await tokenOf("second", { audience: "https://other.example" }),
  ];
  const codes = (await verifier().verifyAll([mine, theirs], NOW)).map(codeOf);
  expect(codes).toEqual([null, "ERR_JWT_CLAIM_VALIDATION_FAILED"]);
  expect((await verifier().verifyAll([mine], at(3_611))).map(codeOf)).toEqual(["ERR_JWT_EXPIRED"]);
});
