import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { Instance } from "../../support/cluster";
import { ACCESS_COOKIE, newPerson, REFRESH_COOKIE, Visitor } from "../../support/visitor";
import { expectAllToWork, expectToGoOn, gather, newcomer } from "../support/cast";
import { untilReadyz, WELL } from "../support/health";
import type { Scene } from "../support/scene";
import { type Watch, whileWatched } from "../support/watch";

const FLOOD = 2_000;
const AT_ONCE = 25;

/** Bad tokens by the thousand, while the good ones go on. */
export function floodRow(scene: () => Scene): void {
  test("flood of bad tokens: good traffic goes on, and all is answered", () => goThroughFlood(scene()));
}

function goThroughFlood(scene: Scene): Promise<void> {
  const { cluster } = scene;
  const here = cluster.instance(0);
  return whileWatched(cluster.instances, scene.boundMs, async (watch) => {
    const cast = await gather(scene, watch);
    const good = await newcomer(scene, watch, here);
    const denied = await newcomer(scene, watch, here);
    const bad = badCookies(denied);
    await denied.logOut(here);
    let isOver = false;
    const flood = flooding(watch, here, bad).finally(() => {
      isOver = true;
    });
    let refreshes = 0;
    for (; !isOver; refreshes += 1) {
      expect((await watch.ask(good, here, "POST", "/api/auth/refresh")).status).toBe(200);
      expect(await good.session(here)).toBe(200);
    }
    await flood;
    expect(refreshes).toBeGreaterThan(3);
    await untilReadyz(cluster.instances, WELL);
    await expectAllToWork(scene, watch, cast);
    await expectToGoOn(scene, [good, ...cast.honest]);
  });
}

/** Each is answered, and refused. */
async function flooding(watch: Watch, here: Instance, bad: readonly (() => string)[]): Promise<void> {
  let sent = 0;
  const source = async () => {
    while (sent < FLOOD) {
      const cookie = bad[sent % bad.length]?.() ?? "";
      sent += 1;
      const stranger = new Visitor(newPerson());
      const { status } = await watch.ask(stranger, here, "GET", "/api/auth/session", { cookie });
      expect(status, cookie).toBe(401);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, source));
}

/** Of a session that is about to end, and what has never been anybody's: never the same twice, so that no cache helps. */
function badCookies(denied: Visitor): (() => string)[] {
  const { access = "", refreshToken = "", cookieHeader } = denied;
  const [header = "", payload = "", signature = ""] = access.split(".");
  const noise = (bytes: number) => randomBytes(bytes).toString("base64url");
  const otherKey = () =>
    Buffer.from(header, "base64url")
      .toString()
      .replace(/"kid":"[^"]*"/, `"kid":"${noise(32)}"`);
  const changed = (part: string) => `${noise(6)}${part.slice(8)}`;
  return [
    () => cookieHeader,
    () => `${ACCESS_COOKIE}=${access}`,
    () => `${ACCESS_COOKIE}=${header}.${payload}.${changed(signature)}`,
    () => `${ACCESS_COOKIE}=${header}.${changed(payload)}.${signature}`,
    () => `${ACCESS_COOKIE}=${Buffer.from(otherKey()).toString("base64url")}.${payload}.${signature}`,
    () => `${ACCESS_COOKIE}=${noise(300)}`,
    () => `${REFRESH_COOKIE}=${noise(80)}`,
    () => `${REFRESH_COOKIE}=${changed(refreshToken)}`,
  ];
}
