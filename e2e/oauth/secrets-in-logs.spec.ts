import * as oauth from "oauth4webapi";
import { expect, test } from "playwright/test";
import { obtainCode } from "./support/browser";
import { redeem, refresh, register } from "./support/client";
import { basic, post } from "./support/endpoints";
import { sceneOfFile } from "./support/scene";

/** SECURITY.md, "secrets in logs": nothing of a client's that opens a door is written down, in the audit log neither. */
const scene = sceneOfFile({ LOG_LEVEL: "trace" });

test("no code, verifier, token, secret or nonce is in the log or the audit log", async () => {
  const secrets = new Map<string, string>();
  const client = await register(scene(), {}, "client_secret_basic");
  const person = await scene().signUp();
  const { attempt, callback, code } = await obtainCode(scene(), client, person, {
    scope: "openid offline_access",
  });
  const tokens = await redeem(scene(), client, attempt, callback);
  const next = await refresh(scene(), client, tokens.refresh_token ?? "");
  const { verifier, state, nonce } = attempt;
  const told = { secret: client.secret, code, verifier, state, nonce };
  const got = {
    access: tokens.access_token,
    id: tokens.id_token,
    refresh: tokens.refresh_token,
    nextAccess: next.access_token,
    nextRefresh: next.refresh_token,
  };
  for (const [name, value] of Object.entries({ ...told, ...got })) secrets.set(name, String(value));
  const wrong = oauth.generateRandomCodeVerifier();
  secrets.set("a wrong secret", wrong);
  await post(scene(), "/oauth/token", { grant_type: "refresh_token", refresh_token: wrong }, basic(client));
  await post(scene(), "/oauth/token", { client_id: client.client_id, client_secret: wrong });
  await post(
    scene(),
    "/oauth/token",
    { grant_type: "authorization_code", code, code_verifier: wrong },
    basic(client),
  );
  await post(scene(), "/oauth/introspect", { token: got.nextAccess }, basic(client));
  await post(scene(), `/oauth/token?code=${code}&client_secret=${client.secret}`, { grant_type: wrong });
  await scene().send({ path: `/oauth/userinfo?access_token=${got.nextAccess}` });
  await scene().send({ path: `/oauth/authorize?code=${code}&id_token_hint=${got.id}` });
  await scene().send({ path: `/oauth/end-session?id_token_hint=${got.id}` });
  await post(scene(), "/oauth/revoke", { token: String(got.nextRefresh) }, basic(client));

  // The last request's own line has been written when its id is there.
  const last = await scene().send({ path: "/api/auth/session" });
  await scene().running.untilOutput(new RegExp(String(last.headers["x-request-id"])));
  const audit = await scene().sql<{ line: string }>(
    "SELECT row_to_json(a)::text AS line FROM audit_events a",
  );
  const written = scene().running.output() + audit.map(({ line }) => line).join("\n");
  for (const [name, value] of secrets) {
    expect.soft(value.length, name).toBeGreaterThan(20);
    expect.soft(written.includes(value), `${name} is written down`).toBe(false);
  }
});
