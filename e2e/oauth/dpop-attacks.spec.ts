import { randomUUID } from "node:crypto";
import { exportJWK } from "jose";
import type { Answer } from "../attacks/support/http";
import { expectHarmless } from "../attacks/support/refusals";
import type { Person } from "../attacks/support/target";
import { obtainCode } from "./support/browser";
import { type Client, REDIRECT_URI, register } from "./support/client";
import { expectOAuthError, post, readJson } from "./support/endpoints";
import { createProver, hashOf, type ProofParts, type Prover, prove } from "./support/proof";
import { expect, sceneOfFile, test } from "./support/scene";

/** SECURITY.md, row DPoP: proofs that prove nothing (RFC 9449 sections 4.3, 7.1, 8 and 9). */
const scene = sceneOfFile();
let client: Client;
let person: Person;
let prover: Prover;
test.beforeAll(async () => {
  client = await register(scene(), { requiresDpop: true });
  person = await scene().signUp();
  prover = await createProver();
});

const tokenEndpoint = () => `${scene().origin}/oauth/token`;
const userinfo = () => `${scene().origin}/oauth/userinfo`;
const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

async function codeRequest(): Promise<Record<string, string>> {
  const { attempt, code } = await obtainCode(scene(), client, person);
  return {
    grant_type: "authorization_code",
    client_id: client.client_id,
    redirect_uri: REDIRECT_URI,
    code,
    code_verifier: attempt.verifier,
  };
}

async function freshNonce(request: Record<string, string>): Promise<string> {
  const answer = await post(scene(), "/oauth/token", request, {
    dpop: await prove(prover, "POST", tokenEndpoint()),
  });
  expectOAuthError(answer, 400, "use_dpop_nonce", "no nonce");
  return String(answer.headers["dpop-nonce"]);
}

const redeemWith = (request: Record<string, string>, ...proofs: string[]): Promise<Answer> =>
  post(scene(), "/oauth/token", request, proofs.length === 0 ? {} : { dpop: proofs });

async function boundToken(): Promise<string> {
  const request = await codeRequest();
  const nonce = await freshNonce(request);
  const answer = await redeemWith(
    request,
    await prove(prover, "POST", tokenEndpoint(), { claims: { nonce } }),
  );
  expect(answer.status, answer.text).toBe(200);
  return String(readJson(answer).access_token);
}

test("the token endpoint: a proof with a fault is refused, and the code is still good", async () => {
  const request = await codeRequest();
  const nonce = await freshNonce(request);
  const other = await createProver();
  const privateJwk = await exportJWK(prover.pair.privateKey);
  const rows: [row: string, parts: ProofParts][] = [
    ["another method", { claims: { htm: "GET" } }],
    ["a method in lower case", { claims: { htm: "post" } }],
    ["another address", { claims: { htu: userinfo() } }],
    ["another host", { claims: { htu: "https://evil.example/oauth/token" } }],
    ["no address", { claims: { htu: undefined } }],
    ["an hour old", { claims: { iat: secondsFromNow(-3600) } }],
    ["an hour ahead", { claims: { iat: secondsFromNow(3600) } }],
    ["no time", { claims: { iat: undefined } }],
    ["a time that is text", { claims: { iat: String(secondsFromNow(0)) } }],
    ["no jti", { claims: { jti: undefined } }],
    ["an empty jti", { claims: { jti: "" } }],
    ["a jti of 10 KB", { claims: { jti: "x".repeat(10_240) } }],
    ["typ of an access token", { header: { typ: "at+jwt" } }],
    ["no typ", { header: { typ: undefined } }],
    ["the private key inside", { header: { jwk: privateJwk } }],
    ["no key", { header: { jwk: undefined } }],
    ["another key's signature", { key: other.pair.privateKey }],
    ["HS256", { header: { alg: "HS256", jwk: { kty: "oct", k: "c2VjcmV0" } }, key: Buffer.alloc(32, 1) }],
    ["HS256 with the public key", { header: { alg: "HS256" }, key: Buffer.from(JSON.stringify(prover.jwk)) }],
    ["an extension it insists on", { header: { crit: ["exp"], exp: 1 } }],
  ];
  for (const [row, { header, claims, key }] of rows) {
    const proof = await prove(prover, "POST", tokenEndpoint(), {
      claims: { nonce, ...claims },
      ...(header ? { header } : {}),
      ...(key ? { key } : {}),
    }).catch(() => "not.a.proof");
    expectOAuthError(await redeemWith(request, proof), 400, "invalid_dpop_proof", row);
  }
  const good = () => prove(prover, "POST", tokenEndpoint(), { claims: { nonce } });
  expectOAuthError(await redeemWith(request), 400, "invalid_dpop_proof", "none");
  expectOAuthError(await redeemWith(request, await good(), await good()), 400, "invalid_dpop_proof", "two");
  expectOAuthError(await redeemWith(request, "e30.e30."), 400, "invalid_dpop_proof", "no JWT");
  expect((await redeemWith(request, await good())).status, "in the end").toBe(200);
});

test("the token endpoint: a nonce that is not the server's asks for another", async () => {
  const request = await codeRequest();
  for (const nonce of ["", "x", randomUUID(), 7, "x".repeat(5_000)]) {
    const proof = await prove(prover, "POST", tokenEndpoint(), { claims: { nonce } });
    const answer = await redeemWith(request, proof);
    expectOAuthError(
      answer,
      400,
      ["use_dpop_nonce", "invalid_dpop_proof"],
      `nonce ${String(nonce).slice(0, 40)}`,
    );
  }
});

test("the token endpoint: a proof is good once", async () => {
  const [first, second] = [await codeRequest(), await codeRequest()];
  const nonce = await freshNonce(first);
  const proof = await prove(prover, "POST", tokenEndpoint(), { claims: { nonce } });
  expect((await redeemWith(first, proof)).status).toBe(200);
  expectOAuthError(await redeemWith(second, proof), 400, "invalid_dpop_proof", "again");
});

test("the token endpoint: fifty uses of one proof, one success", async () => {
  const request = await codeRequest();
  const nonce = await freshNonce(request);
  const proof = await prove(prover, "POST", tokenEndpoint(), { claims: { nonce } });
  const answers = await Promise.all(Array.from({ length: 50 }, () => redeemWith(request, proof)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
});

test("userinfo: the proof fits the token, the address and the moment, once", async () => {
  const token = await boundToken();
  const ath = hashOf(token);
  const other = await createProver();
  const ask = async (proof: string, authorization = `DPoP ${token}`) =>
    scene().send({ path: "/oauth/userinfo", headers: { authorization, dpop: proof } });
  const proofWith = (claims: Record<string, unknown> = {}, by = prover) =>
    prove(by, "GET", userinfo(), { claims: { ath, ...claims } });
  const rows: [string, string][] = [
    ["no ath", await proofWith({ ath: undefined })],
    ["another token's ath", await proofWith({ ath: hashOf("x") })],
    ["another method", await proofWith({ htm: "POST" })],
    ["another address", await proofWith({ htu: tokenEndpoint() })],
    ["an hour old", await proofWith({ iat: secondsFromNow(-3600) })],
    ["an hour ahead", await proofWith({ iat: secondsFromNow(3600) })],
    ["another key", await proofWith({}, other)],
    ["nonsense", "x"],
  ];
  const expectRefused = (answer: Answer, row: string) => {
    expectHarmless(answer, row);
    expect.soft(answer.status, row).toBe(401);
    expect
      .soft(answer.headers["www-authenticate"], row)
      .toMatch(/^(DPoP|Bearer)\b.*error="invalid_(token|dpop_proof)"/);
    expect
      .soft(answer.headers["www-authenticate"], `${row}: the header as the body`)
      .toContain(`error="${readJson(answer).error}"`);
  };
  for (const [row, proof] of rows) expectRefused(await ask(proof), row);
  expectRefused(await ask(await proofWith(), `Bearer ${token}`), "as Bearer");
  expectRefused(
    await scene().send({ path: "/oauth/userinfo", headers: { authorization: `DPoP ${token}` } }),
    "without a proof",
  );
  const proof = await proofWith();
  expect((await ask(proof)).status).toBe(200);
  expectRefused(await ask(proof), "again");
  const withQuery = await scene().send({
    path: "/oauth/userinfo?x=1",
    headers: { authorization: `DPoP ${token}`, dpop: await proofWith() },
  });
  expect(withQuery.status, "the query is not part of htu").toBe(200);
});
