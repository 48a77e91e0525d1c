import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "./support/cluster";
import { printFigures } from "./support/figures";
import { openForm, sendForm } from "./support/page-form";
import { ANSWERED_BY, type RunningProxy, startProxy } from "./support/proxy";
import { joined, type Visitor } from "./support/visitor";

/** People behind a proxy that sends every request to another instance. */
let cluster: Cluster;
let proxy: RunningProxy;

beforeAll(async () => {
  cluster = await startCluster({ count: 3 });
  const ports = cluster.instances.map(({ port }) => port);
  proxy = await startProxy(cluster.origin, ports);
});

afterAll(async () => {
  await proxy.close();
  await cluster.stop();
});

/** The session that the visitor is in, or why there is none. */
async function sessionOf(visitor: Visitor): Promise<string> {
  const answer = await visitor.request(proxy, "GET", "/api/auth/session");
  if (answer.status !== 200) return `${answer.status} ${answer.body}`;
  return answer.json<{ session: { id: string } }>().session.id;
}

/** Opens the form on one instance and posts it to the next. The name it leaves is the person's own. */
async function saveName(visitor: Visitor, name: string): Promise<boolean> {
  const form = await openForm(visitor, proxy, "/account", "name");
  const { status, text } = await sendForm(visitor, proxy, form, { name });
  return status === 200 && text.includes("Your name is saved.");
}

const nameOf = async ({ userId }: Visitor): Promise<string | null | undefined> => {
  const [row] = await cluster.sql<{ name: string | null }>("SELECT name FROM users WHERE id = $1", [userId]);
  return row?.name;
};

test("each step of a visit is answered by another instance, and the visit is one", async () => {
  const visitor = await joined(proxy);
  const answeredBy = new Set<unknown>();
  for (const path of [
    "/account",
    "/account/security",
    "/account/sessions",
    "/account",
    "/account/sessions",
  ]) {
    const answer = await visitor.request(proxy, "GET", path);
    expect(answer.status, path).toBe(200);
    answeredBy.add(answer.headers[ANSWERED_BY]);
  }
  expect(answeredBy.size).toBe(3);
  for (const name of ["One", "Two", "Three", "Four"]) {
    expect(await saveName(visitor, name)).toBe(true);
    expect(await nameOf(visitor)).toBe(name);
  }
  expect(await sessionOf(visitor)).toBe(visitor.sessionId);
});

test("a form that is posted when the access token's time has passed is done, wherever it arrives", async () => {
  const visitor = await joined(proxy);
  for (const name of ["One", "Two", "Three"]) {
    const form = await openForm(visitor, proxy, "/account", "name");
    visitor.expireAccess();
    const { text } = await sendForm(visitor, proxy, form, { name });
    expect(text).toContain("Your name is saved.");
    expect(await nameOf(visitor)).toBe(name);
  }
  expect(await sessionOf(visitor)).toBe(visitor.sessionId);
});

test("the address that the proxy saw is the session's", async () => {
  const visitor = await joined(proxy, { address: "198.51.100.23" });
  const [row] = await cluster.sql("SELECT ip FROM sessions WHERE id = $1", [visitor.sessionId]);
  // The visitor's own X-Forwarded-For is only believed as far as proxies go: ours, and the one before it.
  expect(row).toEqual({ ip: "198.51.100.23" });
});

interface Worked {
  rounds: number;
  /** Posts that were lost with the instance they were at. */
  lost: number;
}

/** Pages always come; a post that is lost is not sent again by the proxy, and the visitor goes on with what it holds. */
async function work(visitor: Visitor, isOver: () => boolean): Promise<Worked> {
  const worked = { rounds: 0, lost: 0 };
  for (; !isOver(); worked.rounds += 1) {
    if (worked.rounds % 3 === 0) visitor.expireAccess();
    expect((await visitor.request(proxy, "GET", "/account")).status).toBe(200);
    const { status } = await visitor.refresh(proxy);
    expect([200, 502]).toContain(status);
    if (status === 502) worked.lost += 1;
  }
  return worked;
}

test("an instance that is killed while people work costs nobody a session, and comes back", async () => {
  const visitors = await Promise.all(Array.from({ length: 12 }, () => joined(proxy)));
  let isOver = false;
  const working = Promise.all(visitors.map((visitor) => work(visitor, () => isOver)));
  await cluster.instance(1).kill();
  await cluster.instance(1).restart();
  isOver = true;
  const worked = await working;
  expect(await Promise.all(visitors.map(sessionOf))).toEqual(visitors.map(({ sessionId }) => sessionId));
  const [rounds, lost] = [sum(worked.map((each) => each.rounds)), sum(worked.map((each) => each.lost))];
  printFigures(
    `an instance killed under 12 people: ${rounds} rounds of theirs, ${lost} posts lost, no session`,
  );
});

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
