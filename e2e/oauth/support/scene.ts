import { randomUUID } from "node:crypto";
import * as oauth from "oauth4webapi";
import { test as base, expect } from "playwright/test";
import { freshAddress, type Person, type Target, targetOfFile } from "../../attacks/support/target";

export { expect, test } from "../../attacks/support/target";

/** A running Latchkey, the administrator who registers clients, and what the library has found out about it. */
export interface Scene extends Target {
  administrator: Person;
  server: oauth.AuthorizationServer;
}

/** What the library asks over plain HTTP, each time from another address: as the many clients of one server do. */
export const ANYWHERE = {
  [oauth.allowInsecureRequests]: true,
  [oauth.customFetch]: fetchFromAnywhere,
};

export function fetchFromAnywhere(url: string, options: object): Promise<Response> {
  const init = options as RequestInit;
  const headers = new Headers(init.headers);
  headers.set("x-forwarded-for", freshAddress());
  return fetch(url, { ...init, headers });
}

/** Starts one server for the tests of a file. What it returns gives it once the tests run. */
export function sceneOfFile(...settings: Parameters<typeof targetOfFile>): () => Scene {
  const target = targetOfFile(...settings);
  let scene: Scene | null = null;
  base.beforeAll(async () => {
    scene = await openScene(target());
  });
  return () => {
    if (scene === null) throw new Error("The scene is there only while a test runs.");
    return scene;
  };
}

async function openScene(target: Target): Promise<Scene> {
  const administrator = await target.logIn(target.admin);
  return { ...target, administrator, server: await discover(target.origin, "oauth2") };
}

export async function discover(
  origin: string,
  algorithm: "oauth2" | "oidc",
): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(origin);
  const response = await oauth.discoveryRequest(issuer, { ...ANYWHERE, algorithm });
  return oauth.processDiscoveryResponse(issuer, response);
}

/** As an administrator's program calls the API. */
export async function callAsAdministrator<Body>(
  { sendAs, administrator }: Scene,
  method: string,
  path: string,
  body?: object,
): Promise<Body> {
  const answer = await sendAs(administrator, { method, path, body });
  expect([200, 201, 204], `${method} ${path}: ${answer.text}`).toContain(answer.status);
  return answer.text === "" ? ({} as Body) : JSON.parse(answer.text);
}

/** A service that no other file knows. */
export async function addAudience(scene: Scene, terms: object = {}): Promise<string> {
  const identifier = `orders-${randomUUID()}`;
  await callAsAdministrator(scene, "POST", "/api/admin/audiences", { identifier, profile: "mesh", ...terms });
  return identifier;
}
