import { expect, test } from "playwright/test";
import type { HeaderFields } from "./support/http";
import { freshEmail, freshPassword, targetOfFile } from "./support/target";

/** SECURITY.md, "XFF rate-limit bypass": with no proxy trusted, no header can be a client's address. */
const target = targetOfFile({ TRUSTED_PROXIES: "" });

const HEADERS: ((value: string) => HeaderFields)[] = [
  (value) => ({ "x-forwarded-for": value }),
  (value) => ({ "x-forwarded-for": `${value}, 127.0.0.1` }),
  (value) => ({ "x-real-ip": value }),
  (value) => ({ "x-client-ip": value }),
  (value) => ({ "x-cluster-client-ip": value }),
  (value) => ({ "cf-connecting-ip": value }),
  (value) => ({ "true-client-ip": value }),
  (value) => ({ "fastly-client-ip": value }),
  (value) => ({ "x-originating-ip": value }),
  (value) => ({ "x-remote-ip": value }),
  (value) => ({ "x-remote-addr": value }),
  (value) => ({ forwarded: `for=${value}` }),
];

test("ten failures are ten failures, whatever address a header claims", async () => {
  // A server whose table is slow to answer goes on counting by itself, from nought: then once more, for another account.
  await expect(async () => {
    const email = freshEmail();
    const statuses: number[] = [];
    for (const [index, fields] of HEADERS.entries()) {
      const { status } = await target().send({
        path: "/api/auth/login",
        headers: { "x-forwarded-for": "", origin: target().origin, ...fields(`203.0.113.${index}`) },
        body: { email, password: freshPassword() },
      });
      statuses.push(status);
    }
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
  }).toPass({ timeout: 45_000 });
});

test("a session is recorded with the address of the connection", async () => {
  const person = await target().signUp();
  const answer = await target().sendAs(person, { path: "/api/sessions" });
  const { sessions }: { sessions: { ip: string }[] } = JSON.parse(answer.text);
  expect(["127.0.0.1", "::1"]).toContain(sessions[0]?.ip);
});
