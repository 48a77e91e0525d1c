import { beforeEach, describe, expect, it, test } from "vitest";
import { createTestKey, NOW_SECONDS } from "@/lib/tokens/testing/test-issuer";
import { createTestProver, hashOf } from "@/lib/tokens/testing/test-prover";
import type { Accepted, Verifier } from "./create-verifier";
import { type DpopOptions, dpop } from "./dpop";
import { createTestIssuer, createTestService, serviceToken, type TestService } from "./testing/test-service";

const ALGORITHMS = 'algs="ES256 RS256 PS256 EdDSA Ed25519"';
const publicUrl = "https://api.example.com";

const key = await createTestKey("own");
const prover = await createTestProver();
const thief = await createTestProver();
const issuer = createTestIssuer([key]);

const plain = serviceToken(key);
const bound = serviceToken(key, { payload: { cnf: { jkt: prover.jkt } } });

let proofs = 0;
/** A proof for a request with the bound token to `GET /orders`, and never the same. */
const prove = (payload: object = {}, by = prover): string => {
  proofs += 1;
  return by.prove({ payload: { ath: hashOf(bound), jti: `proof-${proofs}`, ...payload } });
};

const requestWith = (proof?: string | string[], changes: object = {}) => ({
  method: "GET",
  url: "/orders?page=2",
  headers: proof === undefined ? {} : { dpop: proof },
  ...changes,
});

let service: TestService;
let verifier: Verifier;

beforeEach(() => {
  service = createTestService(issuer, { dpop: dpop({ publicUrl }) });
  verifier = service.verifier;
});

const send = (authorization: string, request?: ReturnType<typeof requestWith>, at = verifier) =>
  at.authenticate(authorization, { scope: "read" }, request);

const ACCEPTED = { ok: true, claims: expect.objectContaining({ cnf: { jkt: prover.jkt } }) };

const refused = (code: string, challenge: string) => ({
  ok: false,
  status: 401,
  headers: expect.objectContaining({ "WWW-Authenticate": challenge }),
  problem: { type: "about:blank", title: code.replaceAll("_", " "), status: 401, code },
});
const INVALID_PROOF = refused("invalid_dpop_proof", `DPoP error="invalid_dpop_proof", ${ALGORITHMS}`);
const INVALID_TOKEN = refused("invalid_token", `DPoP error="invalid_token", ${ALGORITHMS}`);

describe("a token that is bound to a key", () => {
  test.each([`DPoP ${bound}`, `dpop ${bound}`, `DPOP   ${bound}`])(
    "is taken with a proof of it",
    async (header) => {
      expect(await send(header, requestWith(prove()))).toEqual(ACCEPTED);
      expect(service.rejections).toEqual([]);
    },
  );

  it("is taken with a proof by another kind of key", async () => {
    const { jkt, prove } = await createTestProver("EdDSA");
    const token = serviceToken(key, { payload: { cnf: { jkt } } });
    const proof = prove({ payload: { ath: hashOf(token) } });
    expect(await send(`DPoP ${token}`, requestWith(proof))).toMatchObject({ ok: true });
  });

  it("says what it is bound to, for nobody to change", async () => {
    const { claims } = (await send(`DPoP ${bound}`, requestWith(prove()))) as Accepted;
    expect(() => Object.assign(claims.cnf ?? {}, { jkt: thief.jkt })).toThrow(TypeError);
  });

  it("is refused without a proof", async () => {
    expect(await send(`DPoP ${bound}`, requestWith())).toEqual(INVALID_PROOF);
    expect(await send(`DPoP ${bound}`)).toEqual(INVALID_PROOF);
    expect(await verifier.guard()(`DPoP ${bound}`)).toEqual(INVALID_PROOF);
    expect(service.rejections).toEqual(["proof_malformed", "proof_malformed", "proof_malformed"]);
  });

  it("is refused by its text alone", async () => {
    expect(await verifier.verify(bound)).toEqual({ ok: false, error: "invalid_token" });
    expect(service.rejections).toEqual(["binding"]);
    const { verify } = verifier as { verify(token: string, ...others: unknown[]): unknown };
    expect(await verify(bound, true)).toEqual({ ok: false, error: "invalid_token" });
  });

  it("is refused as a bearer token, with or without a proof", async () => {
    const challenge = `Bearer error="invalid_token", DPoP ${ALGORITHMS}`;
    for (const request of [undefined, requestWith(), requestWith(prove())]) {
      expect(await send(`Bearer ${bound}`, request)).toEqual(refused("invalid_token", challenge));
    }
    expect(service.rejections).toEqual(["binding", "binding", "binding"]);
  });

  it("is refused where no proofs are checked, however it is sent", async () => {
    const { verifier: without, rejections } = createTestService(issuer);
    expect(await send(`Bearer ${bound}`, requestWith(prove()), without)).toEqual(
      refused("invalid_token", 'Bearer error="invalid_token"'),
    );
    expect(await send(`DPoP ${bound}`, requestWith(prove()), without)).toEqual(
      refused("not_authenticated", "Bearer"),
    );
    expect(rejections).toEqual(["binding"]);
  });

  test.each<[string, () => string | string[], string]>([
    ["for another method", () => prove({ htm: "POST" }), "proof_method"],
    ["for another path", () => prove({ htu: `${publicUrl}/orders/7` }), "proof_url"],
    ["for another service", () => prove({ htu: "https://evil.example/orders" }), "proof_url"],
    ["for another token", () => prove({ ath: hashOf(plain) }), "proof_access_token"],
    ["for no token", () => prove({ ath: undefined }), "proof_access_token"],
    ["of an hour ago", () => prove({ iat: NOW_SECONDS - 3_600 }), "proof_time"],
    ["of the next hour", () => prove({ iat: NOW_SECONDS + 3_600 }), "proof_time"],
    [
      "with a private key",
      () => prover.prove({ header: { jwk: { ...prover.key.publicJwk, d: "AQ" } } }),
      "proof_key",
    ],
    ["by a secret", () => prover.prove({ header: { alg: "HS256" } }), "proof_algorithm"],
    ["by nothing", () => prover.prove({ header: { alg: "none" } }), "proof_algorithm"],
    ["that is the token", () => bound, "proof_type"],
    ["that is two", () => `${prove()}, ${prove()}`, "proof_malformed"],
    ["that is two in a list", () => [prove(), prove()], "proof_malformed"],
    ["that is empty", () => "", "proof_malformed"],
  ])("is refused with a proof %s", async (_what, proof, reason) => {
    expect(await send(`DPoP ${bound}`, requestWith(proof()))).toEqual(INVALID_PROOF);
    expect(service.rejections).toEqual([reason]);
  });

  it("is refused with a proof of another key", async () => {
    expect(await send(`DPoP ${bound}`, requestWith(prove({}, thief)))).toEqual(INVALID_TOKEN);
    expect(service.rejections).toEqual(["binding"]);
  });

  test.each([
    ["expired", { exp: NOW_SECONDS - 10 }, "expired"],
    ["for another service", { aud: "stock" }, "audience"],
    ["bound to no key", { cnf: {} }, "claims"],
    ["bound by a certificate", { cnf: { "x5t#S256": prover.jkt } }, "claims"],
    ["bound to something else as well", { cnf: { jkt: prover.jkt, kid: "x" } }, "claims"],
  ])("is refused when it is %s, whatever the proof", async (_what, payload, reason) => {
    const token = serviceToken(key, { payload: { cnf: { jkt: prover.jkt }, ...payload } });
    const request = requestWith(prove({ ath: hashOf(token) }));
    expect(await send(`DPoP ${token}`, request)).toEqual(INVALID_TOKEN);
    expect(service.rejections).toEqual([reason]);
  });

  it.each(["DPoP", `DPoP ${bound} x`, `DPoP ${bound},DPoP ${bound}`])("is no token as %#", async (header) => {
    expect(await send(header, requestWith(prove()))).toEqual(INVALID_TOKEN);
    expect(service.rejections).toEqual(["malformed"]);
  });

  it("needs what the route asks for", async () => {
    const scope = await verifier.authenticate(`DPoP ${bound}`, { scope: "admin" }, requestWith(prove()));
    expect(scope).toMatchObject({
      status: 403,
      headers: { "WWW-Authenticate": `DPoP error="insufficient_scope", scope="admin", ${ALGORITHMS}` },
    });
    const age = await verifier.authenticate(`DPoP ${bound}`, { maxAgeSeconds: 60 }, requestWith(prove()));
    const challenge = `DPoP error="insufficient_user_authentication", max_age="60", ${ALGORITHMS}`;
    expect(age).toEqual(refused("insufficient_user_authentication", challenge));
  });

  it("cannot be judged while its issuer is away", async () => {
    const away = createTestIssuer([key]);
    away.isDown = true;
    const { verifier: at } = createTestService(away, { dpop: dpop({ publicUrl }) });
    const answer = await send(`DPoP ${bound}`, requestWith(prove()), at);
    expect(answer).toMatchObject({ status: 503, headers: { "Retry-After": "2" } });
    expect(answer).not.toHaveProperty("headers.WWW-Authenticate");
  });
});

describe("a token that is not bound", () => {
  it("is taken as a bearer token as before", async () => {
    expect(await send(`Bearer ${plain}`)).toMatchObject({ ok: true });
    expect(await send(`Bearer ${plain}`, requestWith(prove()))).toMatchObject({ ok: true });
    expect(await verifier.verify(plain)).toMatchObject({ ok: true });
  });

  it("is refused with a proof, which it says nothing of", async () => {
    const request = requestWith(prove({ ath: hashOf(plain) }));
    expect(await send(`DPoP ${plain}`, request)).toEqual(INVALID_TOKEN);
    expect(service.rejections).toEqual(["binding"]);
  });
});

test.each([undefined, null, "", "Basic YTpi"])(
  "without a token an answer names both schemes: %j",
  async (header) => {
    const answer = await verifier.authenticate(header, {}, requestWith(prove()));
    expect(answer).toEqual(refused("not_authenticated", `Bearer, DPoP ${ALGORITHMS}`));
  },
);

describe("a proof that was used", () => {
  it("is refused as long as it would be good, on any route", async () => {
    const proof = prove();
    expect(await send(`DPoP ${bound}`, requestWith(proof))).toEqual(ACCEPTED);
    expect(await send(`DPoP ${bound}`, requestWith(proof))).toEqual(INVALID_PROOF);
    expect(await verifier.guard({ scope: "write" })(`DPoP ${bound}`, requestWith(proof))).toEqual(
      INVALID_PROOF,
    );
    service.clock.advanceSeconds(70);
    expect(await send(`DPoP ${bound}`, requestWith(proof))).toEqual(INVALID_PROOF);
    service.clock.advanceSeconds(1);
    expect(await send(`DPoP ${bound}`, requestWith(proof))).toEqual(INVALID_PROOF);
    expect(service.rejections).toEqual([...Array(3).fill("proof_used"), "proof_time"]);
  });

  it("of a clock that is ahead is refused for longer", async () => {
    const proof = prove({ iat: NOW_SECONDS + 70 });
    expect(await send(`DPoP ${bound}`, requestWith(proof))).toEqual(ACCEPTED);
    service.clock.advanceSeconds(140);
    expect(await send(`DPoP ${bound}`, requestWith(proof))).toEqual(INVALID_PROOF);
    expect(service.rejections).toEqual(["proof_used"]);
  });

  it("is taken once of many at the same time", async () => {
    const proof = prove();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => send(`DPoP ${bound}`, requestWith(proof))),
    );
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  });

  it("takes no other proof of that key with its id", async () => {
    expect(await send(`DPoP ${bound}`, requestWith(prove({ jti: "same" })))).toEqual(ACCEPTED);
    expect(await send(`DPoP ${bound}`, requestWith(prove({ jti: "same", iat: NOW_SECONDS + 1 })))).toEqual(
      INVALID_PROOF,
    );
  });

  it("takes nothing from another key", async () => {
    const token = serviceToken(key, { payload: { cnf: { jkt: thief.jkt } } });
    const proof = prove({ jti: "same", ath: hashOf(token) }, thief);
    expect(await send(`DPoP ${bound}`, requestWith(prove({ jti: "same" })))).toEqual(ACCEPTED);
    expect(await send(`DPoP ${token}`, requestWith(proof))).toMatchObject({ ok: true });
  });

  it("was not used when it was refused", async () => {
    const proof = prove();
    expect(await send(`DPoP ${plain}`, requestWith(proof))).toEqual(INVALID_TOKEN);
    expect(await send(`DPoP ${bound}`, requestWith(proof, { method: "POST" }))).toEqual(INVALID_PROOF);
    expect(await send(`DPoP ${bound}`, requestWith(proof))).toEqual(ACCEPTED);
  });

  it("is remembered or not taken at all", async () => {
    const {
      verifier: at,
      rejections,
      clock,
    } = createTestService(issuer, {
      dpop: dpop({ publicUrl, maxProofs: 1_000 }),
    });
    // Half of the room, as all are of one person.
    for (let count = 0; count < 500; count += 1) {
      expect(await send(`DPoP ${bound}`, requestWith(prove()), at)).toEqual(ACCEPTED);
    }
    const late = requestWith(prove());
    expect(await send(`DPoP ${bound}`, late, at)).toMatchObject({
      status: 503,
      problem: { code: "unavailable" },
    });
    expect(rejections).toEqual(["proofs_unavailable"]);
    clock.advanceSeconds(71);
    const next = requestWith(prove({ iat: NOW_SECONDS + 71 }));
    expect(await send(`DPoP ${bound}`, next, at)).toEqual(ACCEPTED);
  });
});

describe("the address of a request", () => {
  const at = (url: string, changes: object = {}) => requestWith(prove(), { url, ...changes });

  test.each([
    ["its path", at("/orders")],
    ["its path without the query", at("/orders?x=https://evil.example")],
    ["what it was before a framework changed it", at("/", { originalUrl: "/orders" })],
    ["the path of a whole address", at("http://10.0.0.7:3000/orders")],
    [
      "the path of a request of the Fetch standard",
      new Request("http://internal/orders", { headers: { dpop: prove() } }),
    ],
  ])("is %s at the public one", async (_what, request) => {
    expect(await verifier.authenticate(`DPoP ${bound}`, {}, request)).toEqual(ACCEPTED);
  });

  test.each([
    [
      "what its headers say",
      at("/orders/7", { headers: { dpop: prove(), host: "api.example.com", "x-forwarded-uri": "/orders" } }),
    ],
    ["another path", at("/orders/")],
    ["a path below another", at("//evil.example/orders")],
    ["nothing but a host", at("http://api.example.com")],
    ["a star", at("*")],
    ["a name behind the public one", at(".evil.example/orders")],
    ["a user", at("@evil.example/orders")],
    ["nothing", at("")],
  ])("is not %s", async (_what, request) => {
    expect(await send(`DPoP ${bound}`, request)).toEqual(INVALID_PROOF);
    expect(service.rejections).toEqual(["proof_url"]);
  });

  it("begins with the path that a proxy takes off", async () => {
    const behind = createTestService(issuer, { dpop: dpop({ publicUrl: `${publicUrl}/shop/v1` }) });
    const request = requestWith(prove({ htu: `${publicUrl}/shop/v1/orders` }));
    expect(await send(`DPoP ${bound}`, request, behind.verifier)).toEqual(ACCEPTED);
    expect(await send(`DPoP ${bound}`, requestWith(prove()), behind.verifier)).toEqual(INVALID_PROOF);
  });

  it("is not mistaken where a header is called as a method is", async () => {
    const request = { ...requestWith(), headers: { dpop: prove(), get: "x" } };
    expect(await verifier.authenticate(`DPoP ${bound}`, {}, request as never)).toEqual(ACCEPTED);
  });
});

describe("options", () => {
  test.each<[unknown, RegExp]>([
    [undefined, /Options must be an object\./],
    [{}, /dpop\.publicUrl must be an https address/],
    [{ publicUrl: "api.example.com" }, /dpop\.publicUrl must be/],
    [{ publicUrl: "http://api.example.com" }, /dpop\.publicUrl must be/],
    [{ publicUrl: `${publicUrl}/` }, /without a slash at its end/],
    [{ publicUrl: `${publicUrl}/v1/` }, /without a slash at its end/],
    [{ publicUrl: `${publicUrl}/v1?x` }, /dpop\.publicUrl must be/],
    [{ publicUrl: `${publicUrl}#x` }, /dpop\.publicUrl must be/],
    [{ publicUrl: "https://me@api.example.com" }, /dpop\.publicUrl must be/],
    [{ publicUrl, maxAgeSeconds: 0 }, /dpop\.maxAgeSeconds must be a whole number from 1 to 300/],
    [{ publicUrl, maxAgeSeconds: 301 }, /dpop\.maxAgeSeconds must be/],
    [{ publicUrl, maxProofs: 10 }, /dpop\.maxProofs must be a whole number from 1000 to 10000000/],
    [{ publicUrl, origin: publicUrl }, /no option "dpop\.origin"/],
  ])("%j are wrong", (options, sentence) => {
    expect(() => dpop(options as DpopOptions)).toThrow(sentence);
    expect(() => dpop(options as DpopOptions)).toThrow(TypeError);
  });

  it("say how old a proof may be", async () => {
    const strict = createTestService(issuer, {
      dpop: dpop({ publicUrl, maxAgeSeconds: 5 }),
      clockToleranceSeconds: 0,
    });
    for (const [secondsAgo, ok] of [
      [5, true],
      [6, false],
    ] as const) {
      const request = requestWith(prove({ iat: NOW_SECONDS - secondsAgo }));
      expect((await send(`DPoP ${bound}`, request, strict.verifier)).ok).toBe(ok);
    }
  });

  it("are for plain http on loopback", () => {
    expect(() => dpop({ publicUrl: "http://localhost:3000" })).not.toThrow();
  });

  it("are nothing to a verifier without being made", () => {
    expect(() => createTestService(issuer, { dpop: { publicUrl } as never })).toThrow(
      new TypeError("dpop must be what dpop() returns."),
    );
  });
});
