import { expect, test } from "playwright/test";
import { cookieHeader, credentialsSet } from "./support/cookies";
import { createForge } from "./support/forge";
import { MULTIPART, multipart } from "./support/page-forms";
import { freshEmail, freshPassword, targetOfFile } from "./support/target";

/** SECURITY.md, "secrets in logs": at the most talkative level, nothing that opens a door is written down. */
const target = targetOfFile({ LOG_LEVEL: "trace" });

test("no token, password, link, secret or database address is in the log", async () => {
  const { send, sendAs, origin, running } = target();
  const secrets = new Map<string, string>();
  const remember = (name: string, value: string) => secrets.set(name, value);

  const ann = await target().signUp();
  const admin = await target().logIn(target().admin);
  for (const [who, person] of Object.entries({ ann, admin })) {
    remember(`${who}'s password`, person.password);
    remember(`${who}'s access token`, person.access);
    remember(`${who}'s refresh token`, person.refresh);
  }
  const refreshed = credentialsSet(
    await sendAs({ refresh: ann.refresh }, { method: "POST", path: "/api/auth/refresh" }),
  );
  remember("renewed access token", refreshed.access);
  remember("renewed refresh token", refreshed.refresh);

  const wrong = freshPassword();
  remember("a wrong password", wrong);
  await send({ path: "/api/auth/login", headers: { origin }, body: { email: ann.email, password: wrong } });
  await send({ path: "/api/auth/login", headers: { origin }, body: `{"email":"x","password":"${wrong}"` });
  await send({ path: "/api/auth/login", headers: { origin }, body: { email: ann.email, password: [wrong] } });
  await send({ path: "/api/auth/login", headers: { origin }, body: { email: ann.email, [wrong]: 1 } });
  await send({ path: `/api/auth/login?password=${wrong}`, headers: { origin }, body: {} });
  await send({ path: `/login?password=${wrong}&token=${ann.access}` });
  await sendAs(admin, { path: "/api/auth/password", body: { currentPassword: wrong, newPassword: wrong } });

  const invited = await sendAs(admin, { path: "/api/admin/users", body: { email: freshEmail() } });
  const { link, user }: { link: { url: string }; user: { id: string } } = JSON.parse(invited.text);
  remember("invitation", new URL(link.url).searchParams.get("token") ?? "");
  await send({ path: link.url.slice(origin.length) });
  await send({ path: `${link.url.slice(origin.length)}x` });
  const reset = await sendAs(admin, { method: "POST", path: `/api/admin/users/${user.id}/link` });
  remember("second link", new URL(JSON.parse(reset.text).link.url).searchParams.get("token") ?? "");

  const forge = await createForge(target(), ann.access);
  const forged = forge.withHeader({ alg: "none" });
  remember("a forged token", forged);
  await send({ path: "/api/auth/session", headers: { authorization: `Bearer ${forged}` } });
  await send({ path: "/api/auth/session", headers: { cookie: cookieHeader({ access: forged }) } });
  await send({
    path: "/api/auth/session",
    headers: { cookie: cookieHeader(ann), authorization: `Bearer ${ann.access}` },
  });
  await send({ path: `/api/auth/session?access_token=${ann.access}` });
  await send({ path: `/nowhere/${ann.access}` });
  await sendAs(admin, { path: "/api/admin/tokens/revoke", body: { token: ann.access } });
  await sendAs(admin, { path: "/api/admin/tokens/revoke", body: { token: `${forged}.` } });
  await sendAs({ refresh: `${ann.refresh}x` }, { method: "POST", path: "/api/auth/refresh" });
  await send({
    path: "/api/csp-reports",
    headers: { "content-type": "application/csp-report" },
    body: JSON.stringify({
      "csp-report": {
        "document-uri": link.url,
        "blocked-uri": `${origin}/?t=${ann.access}`,
        "script-sample": wrong,
      },
    }),
  });
  await sendAs(admin, { method: "POST", path: "/api/auth/logout" });

  remember("application secret", target().appSecret);
  remember("database address", running.databaseUrl);
  // The last request's own line has been written when its id is there.
  const last = await send({ path: "/api/auth/session" });
  await running.untilOutput(new RegExp(String(last.headers["x-request-id"])));
  const log = running.output();
  for (const [name, value] of secrets) {
    expect.soft(value.length, name).toBeGreaterThan(20);
    expect.soft(log.includes(value), name).toBe(false);
    // A token's last part is enough to use it where the rest is known; the end of anything long likewise.
    expect.soft(log.includes(value.split(".").at(-1)?.slice(-30) ?? value), `the end of ${name}`).toBe(false);
  }
  expect(log).not.toMatch(/BEGIN [A-Z ]*PRIVATE KEY|\$argon2|"d":"/);
});

test("what a client sends cannot write lines of its own into the log", async () => {
  const forged = '{"level":60,"message":"forged"}';
  await target().send({
    path: "/api/auth/login",
    headers: { origin: target().origin, "user-agent": forged },
    body: { email: `x@example.com\n${forged}`, password: "x" },
  });
  await target().send({
    path: `/%0a${encodeURIComponent(forged)}`,
    headers: { "x-request-id": `x${forged}` },
  });
  await target().send({
    path: "/api/auth/session",
    headers: { authorization: `Bearer ${forged}`, "x-request-id": "chosen-by-the-client" },
  });
  await target().send({
    path: "/api/csp-reports",
    headers: { "content-type": "application/csp-report" },
    body: JSON.stringify({ "csp-report": { "blocked-uri": `x\n${forged}\u001b[2J` } }),
  });
  for (const action of ["x", `x\n${forged}`, `x\u001b[2J`]) {
    const fields: [string, string][] = [
      ["$ACTION_REF_1", ""],
      ["$ACTION_1:0", JSON.stringify({ id: action, bound: "$@1" })],
      ["$ACTION_1:1", "[]"],
      [`$ACTION_ID_${action}`, ""],
    ];
    for (const sent of [fields, fields.slice(0, 3), fields.slice(3)]) {
      await target().send({
        method: "POST",
        path: "/login",
        headers: { origin: target().origin, "content-type": MULTIPART },
        body: multipart(sent),
      });
    }
  }
  const last = await target().send({ path: "/api/auth/session" });
  await target().running.untilOutput(new RegExp(String(last.headers["x-request-id"])));
  const log = target().running.output();
  expect(log.split("\n").filter((line) => line.startsWith(forged))).toEqual([]);
  expect(log).not.toContain("\u001b[2J");
});

test("in production the log is one JSON object a line, whatever was sent", async () => {
  const headers = { origin: target().origin, "content-type": MULTIPART };
  const bodies = [
    multipart([["$ACTION_ID_x", ""]]),
    multipart([
      ["$ACTION_REF_1", ""],
      ["$ACTION_1:0", "x"],
    ]),
    "x",
  ];
  for (const body of bodies) await target().send({ method: "POST", path: "/login", headers, body });
  await target().send({
    method: "POST",
    path: "/login",
    headers: { ...headers, "next-action": "x" },
    body: "x",
  });
  const last = await target().send({ path: "/api/auth/session" });
  await target().running.untilOutput(new RegExp(String(last.headers["x-request-id"])));
  const [, ...sinceReady] = target()
    .running.output()
    .split(/The first administrator is .*\n/);
  const strange = sinceReady
    .join("")
    .split("\n")
    .filter((line) => line.trim() !== "" && !isJsonObject(line));
  expect(strange).toEqual([]);
});

function isJsonObject(line: string): boolean {
  try {
    return typeof JSON.parse(line) === "object";
  } catch {
    return false;
  }
}
