import { afterAll, beforeAll, expect, it } from "vitest";
import { redeemCode } from "./authorization-code";
import { CLI, type OAuthHouse, openOAuthHouse, parametersOf } from "./testing/oauth-house";
import { answerUserinfo } from "./userinfo";

let house: OAuthHouse;
let bound: string;
beforeAll(async () => {
  house = await openOAuthHouse();
  const client = await house.addClient();
  const code = await house.code(client, await house.signedIn());
  const { access_token } = await redeemCode(house.oauth, {
    client,
    parameters: parametersOf({ ...code }),
    proof: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", jti: "one", iat: 1 },
    from: CLI,
  });
  bound = access_token;
});
afterAll(() => house.close());

const ask = (headers: Record<string, string>) =>
  answerUserinfo(house.oauth, { method: "GET", headers: new Headers(headers) });

it.each<[string, Record<string, string>]>([
  ["is missing", {}],
  ["is none", { dpop: "x" }],
])("a proof that %s is a 401 that says so in its body as in its header", async (_what, proof) => {
  await expect(ask({ authorization: `DPoP ${bound}`, ...proof })).rejects.toMatchObject({
    code: "invalid_dpop_proof",
    status: 401,
    headers: { "WWW-Authenticate": expect.stringMatching(/^DPoP algs="[^"]+", error="invalid_dpop_proof"$/) },
  });
});

it("a bound token that is shown as a bearer token is not valid", async () => {
  await expect(ask({ authorization: `Bearer ${bound}` })).rejects.toMatchObject({
    code: "invalid_token",
    status: 401,
    headers: { "WWW-Authenticate": 'Bearer error="invalid_token"' },
  });
});
