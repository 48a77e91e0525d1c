import * as oauth from "oauth4webapi";
import { letIn, obtainCode, visit } from "./support/browser";
import { type Attempt, begin, type Client, redeem, register } from "./support/client";
import { basic, expectOAuthError, post } from "./support/endpoints";
import { expectErrorPage } from "./support/error-page";
import { ANYWHERE, expect, sceneOfFile, test } from "./support/scene";

/** Authorization requests sent ahead: RFC 9126. */
const scene = sceneOfFile();

async function push(client: Client, attempt: Attempt): Promise<oauth.PushedAuthorizationResponse> {
  const { server } = scene();
  const parameters = new URLSearchParams(attempt.address.search);
  const response = await oauth.pushedAuthorizationRequest(
    server,
    client.library,
    client.authentication,
    parameters,
    ANYWHERE,
  );
  return oauth.processPushedAuthorizationResponse(server, client.library, response);
}

function addressOf({ client_id }: Client, request_uri: string, more: Record<string, string> = {}): URL {
  const address = new URL(scene().server.authorization_endpoint ?? "");
  address.search = new URLSearchParams({ client_id, request_uri, ...more }).toString();
  return address;
}

for (const authentication of ["none", "client_secret_basic", "private_key_jwt"] as const) {
  test(`${authentication}: the browser carries only a reference`, async () => {
    const client = await register(scene(), { requiresPushedRequests: true }, authentication);
    const person = await scene().signUp();
    const attempt = await begin(scene(), client);
    const { request_uri, expires_in } = await push(client, attempt);
    expect(request_uri).toMatch(/^urn:ietf:params:oauth:request_uri:[\w-]{22,}$/);
    expect(expires_in).toBe(600);
    const callback = await letIn(scene(), person, addressOf(client, request_uri));
    await redeem(scene(), client, attempt, callback);
  });
}

test("what the address says besides is not listened to", async () => {
  const client = await register(scene());
  const attempt = await begin(scene(), client);
  const { request_uri } = await push(client, attempt);
  const more = {
    scope: "openid email offline_access",
    state: "changed",
    redirect_uri: "https://evil.example/",
  };
  const callback = await letIn(scene(), await scene().signUp(), addressOf(client, request_uri, more));
  const tokens = await redeem(scene(), client, attempt, callback);
  expect(tokens.scope).toBe("openid email");
});

test("a reference gives one code, and is another client's", async () => {
  const [client, other] = [await register(scene()), await register(scene())];
  const person = await scene().signUp();
  const { request_uri } = await push(client, await begin(scene(), client));
  expectErrorPage(await visit(scene(), person, addressOf(other, request_uri)), "another client");
  await letIn(scene(), person, addressOf(client, request_uri));
  expectErrorPage(await visit(scene(), person, addressOf(client, request_uri)), "used");
});

test("a reference whose time has passed, or that was made up, leads nowhere", async () => {
  const client = await register(scene());
  const person = await scene().signUp();
  const { request_uri } = await push(client, await begin(scene(), client));
  await scene().sql("UPDATE pushed_requests SET expires_at = now() - interval '1 s' WHERE client_id = $1", [
    client.client_id,
  ]);
  expectErrorPage(await visit(scene(), person, addressOf(client, request_uri)), "expired");
  const forged = `urn:ietf:params:oauth:request_uri:${"A".repeat(43)}`;
  expectErrorPage(await visit(scene(), person, addressOf(client, forged)), "forged");
});

test("a client that must push cannot do without", async () => {
  const client = await register(scene(), { requiresPushedRequests: true });
  const { callback } = await obtainCode(scene(), client, await scene().signUp());
  expect(callback.searchParams.get("error")).toBe("invalid_request");
  expect(callback.searchParams.get("code")).toBeNull();
});

test("each fault of a request is told when it is pushed", async () => {
  const client = await register(scene(), {}, "client_secret_basic");
  const { address } = await begin(scene(), client);
  const given = Object.fromEntries(address.searchParams);
  const rows: [changes: Record<string, string>, error: string][] = [
    [{ response_type: "token" }, "unsupported_response_type"],
    [{ redirect_uri: "https://evil.example/" }, "invalid_request"],
    [{ code_challenge_method: "plain" }, "invalid_request"],
    [{ code_challenge: "" }, "invalid_request"],
    [{ scope: "openid admin" }, "invalid_scope"],
    [{ resource: scene().origin }, "invalid_target"],
    [{ request_uri: "urn:ietf:params:oauth:request_uri:x" }, "invalid_request"],
    [{ request: "e30.e30." }, "request_not_supported"],
  ];
  for (const [changes, error] of rows) {
    const answer = await post(scene(), "/oauth/par", { ...given, ...changes }, basic(client));
    expectOAuthError(answer, 400, error, JSON.stringify(changes));
  }
  for (const [name, error] of [
    ["scope", "invalid_request"],
    ["resource", "invalid_target"],
  ] as const) {
    const twice = [...Object.entries({ ...given, resource: "orders" }), [name, "orders"]] as [
      string,
      string,
    ][];
    expectOAuthError(await post(scene(), "/oauth/par", twice, basic(client)), 400, error, `${name} twice`);
  }
  expectOAuthError(await post(scene(), "/oauth/par", given), 401, "invalid_client", "without its secret");
  const good = await post(scene(), "/oauth/par", given, basic(client));
  expect(good.status).toBe(201);
  expect(good.headers["cache-control"]).toBe("no-store");
});
