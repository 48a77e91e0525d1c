import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { DrillVisitor } from "./visitor";

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A visitor of somebody who answers like this, and the requests that came. */
async function visit(answer: Answer, secureCookies = true) {
  const seen: IncomingMessage[] = [];
  const listening = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  return { visitor: new DrillVisitor(origin, secureCookies), seen, origin };
}

const PERSON = { email: "a@b.invalid", password: "secret" };
const setting =
  (...cookies: string[]): Answer =>
  (_, response) =>
    response.writeHead(200, { "Set-Cookie": cookies }).end();

it("sends what a page of the origin would, with every cookie it was given", async () => {
  const { visitor, seen, origin } = await visit(
    setting("__Host-Http-access=one; Path=/; Secure", 'balancer="a b|c="; Path=/', "other=1"),
  );
  await visitor.signIn(PERSON);
  await visitor.refresh();
  expect(seen[0]?.headers).toMatchObject({
    origin,
    "sec-fetch-site": "same-origin",
    "content-type": "application/json",
  });
  expect(seen[0]?.headers.cookie).toBeUndefined();
  expect(seen[1]).toMatchObject({ method: "POST", url: "/api/auth/refresh" });
  expect(seen[1]?.headers.cookie).toBe('__Host-Http-access=one; balancer="a b|c="; other=1');
});

it("has the access token of the latest answer, until one clears it", async () => {
  const answers = [
    "__Host-Http-access=one; Path=/",
    "__Host-Http-access=two; Path=/",
    "__Host-Http-access=; Max-Age=0; Path=/",
  ];
  const { visitor } = await visit((request, response) => setting(answers.shift() ?? "")(request, response));
  expect(visitor.accessToken).toBeNull();
  await visitor.signIn(PERSON);
  expect(visitor.accessToken).toBe("one");
  await visitor.refresh();
  expect(visitor.accessToken).toBe("two");
  await visitor.isSignedIn();
  expect(visitor.accessToken).toBeNull();
});

it("knows the cookies that are not Secure by their own names", async () => {
  const { visitor } = await visit(setting("access=one; Path=/"), false);
  await visitor.signIn(PERSON);
  expect(visitor.accessToken).toBe("one");
});

it.each([
  [200, true],
  [401, false],
])("takes %i for an answer", async (status, isSignedIn) => {
  const { visitor } = await visit((_, response) => response.writeHead(status).end());
  expect(await visitor.refresh()).toBe(isSignedIn);
  expect(await visitor.isSignedIn()).toBe(isSignedIn);
});

it.each([500, 503, 302])("takes %i for none", async (status) => {
  const { visitor } = await visit((_, response) => response.writeHead(status).end());
  await expect(visitor.refresh()).rejects.toThrow(`POST /api/auth/refresh was answered ${status}.`);
  await expect(visitor.signIn(PERSON)).rejects.toThrow(`refuses the sign-in of the drill (${status})`);
});
