import { expect } from "vitest";
import type { Answer, Instance } from "../../support/cluster";
import { newPerson, signedIn, Visitor } from "../../support/visitor";
import type { Scene } from "./scene";
import type { Watch } from "./watch";

/** Ways to take something back, at one instance. `token`: the access token alone. */
export type Way = "log-out" | "session" | "token";

/** The visitors of a test. */
export interface Cast {
  admin: Visitor;
  /** Signed in before the fault; they must never notice more of it than 503. */
  honest: Visitor[];
}

/** Signs everybody in, and has a few sessions revoked before anything breaks. */
export async function gather(scene: Scene, watch: Watch): Promise<Cast> {
  const { cluster } = scene;
  const admin = await signedIn(cluster.instance(0));
  const honest = await Promise.all([0, 1, 2].map((index) => newcomer(scene, watch, cluster.instance(index))));
  watch.addHonest(...honest);
  for (const [index, way] of (["log-out", "session", "token"] as const).entries()) {
    await signUpAndRevoke(scene, watch, admin, cluster.instance(index), way);
  }
  return { admin, honest };
}

/** Signs up here, and is used everywhere, so that every instance has seen its token as good. */
export async function newcomer(scene: Scene, watch: Watch, at: Instance): Promise<Visitor> {
  const visitor = new Visitor(newPerson());
  const answer = await watch.ask(visitor, at, "POST", "/api/auth/signup", { body: visitor.person });
  expect(answer.status, answer.body).toBe(201);
  const { user, session } = answer.json<{ user: { id: string }; session: { id: string } }>();
  visitor.userId = user.id;
  visitor.sessionId = session.id;
  for (const instance of scene.cluster.instances) expect(await visitor.session(instance)).toBe(200);
  return visitor;
}

export async function signUpAndRevoke(scene: Scene, watch: Watch, admin: Visitor, at: Instance, way: Way) {
  await takeBack(watch, await newcomer(scene, watch, at), admin, at, way);
}

/** Revokes at this instance; from its answer on the watch presents what the visitor held. */
export async function takeBack(watch: Watch, visitor: Visitor, admin: Visitor, at: Instance, way: Way) {
  const held = visitor.cookieHeader;
  const answer = await revoke(watch, visitor, admin, at, way);
  expect(answer.status, answer.body).toBe(way === "session" ? 200 : 204);
  watch.addRevoked(`revoked by ${way}`, visitor, held, { isTokenOnly: way === "token" });
}

/** Asks this instance to take back what the visitor holds. */
export function revoke(
  watch: Watch,
  visitor: Visitor,
  admin: Visitor,
  at: Instance,
  way: Way,
): Promise<Answer> {
  if (way === "log-out") return watch.ask(visitor, at, "POST", "/api/auth/logout");
  if (way === "token") {
    const body = { token: visitor.access };
    return watch.ask(admin, at, "POST", "/api/admin/tokens/revoke", { body });
  }
  const body = { sessionIds: [visitor.sessionId], reason: "a test of faults" };
  return watch.ask(admin, at, "POST", "/api/admin/sessions/revoke", { body });
}

/** Sign-up, sign-in, refresh, who-am-I and taking back, with each instance in each part; the watch sees to the refusals. */
export async function expectAllToWork(scene: Scene, watch: Watch, { admin }: Cast): Promise<void> {
  const { cluster } = scene;
  const ways: Way[] = ["session", "token", "log-out"];
  await Promise.all(
    cluster.instances.map(async (here, index) => {
      const there = cluster.instance(index + 1);
      const visitor = await newcomer(scene, watch, here);
      expect((await watch.ask(visitor, there, "POST", "/api/auth/refresh")).status).toBe(200);
      expect(await visitor.session(here)).toBe(200);
      const again = await watch.ask(visitor, here, "POST", "/api/auth/login", { body: visitor.person });
      expect(again.status, again.body).toBe(200);
      await signUpAndRevoke(scene, watch, admin, here, ways[index % ways.length] as Way);
    }),
  );
  await watch.untilTried();
}

/** With the cookies they have held all along: used and renewed at every instance, and no session ended or raised an alarm. */
export async function expectToGoOn(scene: Scene, visitors: readonly Visitor[]): Promise<void> {
  for (const visitor of visitors) {
    for (const instance of scene.cluster.instances) {
      expect(await visitor.session(instance)).toBe(200);
      expect((await visitor.refresh(instance)).status).toBe(200);
    }
  }
  const ids = visitors.map(({ sessionId }) => sessionId);
  const ended = "SELECT id, end_reason FROM sessions WHERE id = ANY($1) AND ended_at IS NOT NULL";
  expect(await scene.cluster.sql(ended, [ids])).toEqual([]);
  const alarms = "SELECT * FROM audit_events WHERE type = 'refresh_token.reuse_detected'";
  expect(await scene.cluster.sql(alarms)).toEqual([]);
}
