import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildVerifierPackage } from "../verifier-package";

const PROJECT = join(import.meta.dirname, "../..");
const TSC = join(PROJECT, "node_modules/typescript/bin/tsc");

const run = promisify(execFile);

/** What a service would write, with an issuer of its own on loopback. Type-checked, then run. */
const CONSUMER = `
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createHash } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from "jose";
import { type Claims, createVerifier, type Verification, type VerifierOptions } from "@latchkey/verifier";
import { dpop, type DpopOptions } from "@latchkey/verifier/dpop";
import { claimsOf, requireToken } from "@latchkey/verifier/express";
import { requireToken as requireTokenOfFastify } from "@latchkey/verifier/fastify";
import { authenticateRequest } from "@latchkey/verifier/request";

const { publicKey, privateKey } = await generateKeyPair("ES256");
const keys = [{ ...(await exportJWK(publicKey)), kid: "one", alg: "ES256", use: "sig" }];
const server = createServer((_request, response) => {
  response.setHeader("Content-Type", "application/jwk-set+json").end(JSON.stringify({ keys }));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
const issuer = "http://127.0.0.1:" + (server.address() as AddressInfo).port;

const dpopOptions: DpopOptions = { publicUrl: issuer };
const options: VerifierOptions = { profile: "mesh", issuer, audience: "orders", revocation: "none", dpop: dpop(dpopOptions) };
const verifier = createVerifier(options);
await verifier.ready();

const now = Math.floor(Date.now() / 1000);
const issue = (claims: object) => new SignJWT({ client_id: "latchkey", sid: "session", auth_time: now, amr: ["pwd"], scope: "read", ...claims })
  .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "one" })
  .setIssuer(issuer).setAudience("orders").setSubject("ada").setJti("id")
  .setIssuedAt(now).setNotBefore(now).setExpirationTime(now + 60)
  .sign(privateKey);
const token = await issue({});

const client = await generateKeyPair("ES256");
const jwk = await exportJWK(client.publicKey);
const bound = await issue({ cnf: { jkt: await calculateJwkThumbprint(jwk) } });
const ath = createHash("sha256").update(bound).digest("base64url");
const proof = await new SignJWT({ htm: "GET", htu: issuer + "/orders", ath, jti: "proof", iat: now })
  .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk })
  .sign(client.privateKey);
const proven = new Request(issuer + "/orders", { headers: { authorization: "DPoP " + bound, dpop: proof } });

const accepted: Verification = await verifier.verify(token);
const refused: Verification = await verifier.verify(token + "x");
const headers = { authorization: "Bearer " + token };
const claims: Claims | Response = await authenticateRequest(verifier, new Request(issuer, { headers }), { scope: "read" });
const forbidden = await verifier.authenticate(headers.authorization, { scope: "write" });
const request = { headers };
await requireToken(verifier, { maxAgeSeconds: 300 })(request, server as never, () => undefined);
const bySender: Claims | Response = await authenticateRequest(verifier, proven);
const again: Claims | Response = await authenticateRequest(verifier, proven);
console.log(JSON.stringify({
  accepted: accepted.ok && accepted.claims.sub,
  refused: refused.ok || refused.error,
  claims: claims instanceof Response ? claims.status : claims.scope,
  forbidden: forbidden.ok || forbidden.headers["WWW-Authenticate"],
  auth: claimsOf(request).sid,
  fastify: typeof requireTokenOfFastify(verifier),
  bound: bySender instanceof Response ? bySender.status : bySender.cnf?.jkt.length,
  again: again instanceof Response && again.headers.get("www-authenticate"),
  alone: (await verifier.verify(bound)).ok,
}));
verifier.close();
server.close();

// @ts-expect-error Where the requests go has to be said.
export const nowhere: DpopOptions = {};
// @ts-expect-error There is no such option.
export const misspelled: VerifierOptions = { profile: "mesh", issuer, audience: "orders", revocations: "none" };
// @ts-expect-error The keys are of another profile.
export const mixed: VerifierOptions = { profile: "legacy", secrets: [], decryptionKeys: [], issuer, audience: "orders", revocation: "none" };
// @ts-expect-error How revocations are learned of has to be said.
export const silent: VerifierOptions = { profile: "mesh", issuer, audience: "orders" };
`;

/** What it prints. */
export const EXPECTED = {
  accepted: "ada",
  refused: "invalid_token",
  claims: "read",
  forbidden: 'Bearer error="insufficient_scope", scope="write", DPoP algs="ES256 RS256 PS256 EdDSA Ed25519"',
  auth: "session",
  fastify: "function",
  bound: 43,
  again: 'DPoP error="invalid_dpop_proof", algs="ES256 RS256 PS256 EdDSA Ed25519"',
  alone: false,
};

/** Builds the package and installs it, as npm packs it, into a service of its own; says where that is. Needs no registry. */
export async function installVerifier(folder: string): Promise<string> {
  const built = join(folder, "built");
  const consumer = join(folder, "consumer");
  await buildVerifierPackage(built);
  mkdirSync(consumer);
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ private: true, type: "module" }));
  writeFileSync(join(consumer, "main.ts"), CONSUMER);
  const tarballs = [await pack(join(PROJECT, "node_modules/jose"), folder), await pack(built, folder)];
  await run("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs], {
    cwd: consumer,
  });
  return consumer;
}

/** The tarball that npm makes of a folder. */
async function pack(source: string, folder: string): Promise<string> {
  const { stdout } = await run("npm", ["pack", source, "--json", "--pack-destination", folder], {
    cwd: folder,
  });
  const [packed] = Object.values(JSON.parse(stdout)) as { filename: string }[];
  return join(folder, packed?.filename ?? "");
}

/** What tsc has to say of the service; nothing when all is well. `main.js` is there afterwards unless `noEmit` is set. */
export async function compileConsumer(consumer: string, compilerOptions: object): Promise<string> {
  const config = join(consumer, "tsconfig.json");
  const common = {
    strict: true,
    exactOptionalPropertyTypes: true,
    target: "ES2023",
    skipLibCheck: false,
    outDir: consumer,
    typeRoots: [join(PROJECT, "node_modules/@types")],
    types: ["node"],
  };
  writeFileSync(
    config,
    JSON.stringify({ compilerOptions: { ...common, ...compilerOptions }, files: ["main.ts"] }),
  );
  return run(process.execPath, [TSC, "-p", config], { cwd: consumer }).then(
    ({ stdout }) => stdout,
    ({ stdout }) => stdout,
  );
}

/** What the compiled service prints on this or another Node. */
export async function runConsumer(consumer: string, node = process.execPath): Promise<unknown> {
  const { stdout } = await run(node, ["main.js"], { cwd: consumer });
  return JSON.parse(stdout);
}
