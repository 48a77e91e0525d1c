import { randomBytes } from "node:crypto";
import type { Client } from "@/lib/audit/events";
import { hasCode } from "@/lib/errors/latchkey-error";
import { acknowledge, authenticate } from "../authenticate";
import type { Credentials } from "../credentials";
import { refreshSession } from "../refresh-session";
import { RefreshTokenCodec } from "../refresh-token";
import { startSession } from "../start-session";
import { ADA, BROWSER, createHarness } from "./session-harness";

/** One session, all that was ever issued for it, and what anybody may do with that. */
export async function openScene() {
  const harness = createHarness();
  const { deps, store, clock } = harness;
  const begunAt = clock.now();
  const first = await startSession(deps, ADA, BROWSER);
  const sessionId = first.session.id;
  /** Of each generation what was issued for it, oldest first. */
  const issued: Credentials[][] = [[first]];

  const tokensBack = (steps: number): Credentials[] => issued[Math.max(0, issued.length - 1 - steps)] ?? [];
  const present = (back: number): Credentials => tokensBack(back).at(-1) ?? first;

  const row = async () => {
    const session = await store.find(sessionId);
    if (session === null) throw new Error("the session is gone");
    return session;
  };

  /** The generation issued, or null when refused. */
  async function refresh(token: string, client: Client): Promise<number | null> {
    try {
      const credentials = await refreshSession(deps, token, client);
      const { generation } = credentials.session;
      issued[generation] = [...(issued[generation] ?? []), credentials];
      return generation;
    } catch (error) {
      if (hasCode(error, "invalid_refresh_token")) return null;
      throw error;
    }
  }

  async function use(accessToken: string): Promise<boolean> {
    const authentication = await authenticate(deps, accessToken);
    if (authentication.ok) await acknowledge(deps, authentication.claims);
    return authentication.ok;
  }

  const age = (): number => (clock.now().getTime() - begunAt.getTime()) / 1000;
  return { ...harness, sessionId, issued, present, row, refresh, use, age };
}

export type Scene = Awaited<ReturnType<typeof openScene>>;

export const FORGERIES = 5;
/** The forgery whose MAC is right: made with the application secret, without the session's own. */
export const FORGERY_WITH_MAC = 3;

/** A text that is not a refresh token of the session. */
export function forge({ present }: Scene, kind: number): string {
  const genuine = Buffer.from(present(0).refreshToken, "base64url");
  genuine.writeUInt8(genuine.readUInt8(19) ^ 1, 19);
  const { refreshTokens } = createHarness().deps;
  const known = refreshTokens.verify(present(0).refreshToken);
  const stranger = new RefreshTokenCodec(["a secret of the stranger's own"]);
  return [
    genuine.toString("base64url"),
    present(0).refreshToken.slice(0, -1),
    known === null ? "" : stranger.encode(known),
    // Of a genuine MAC key, but without the session's secret: a leak of the application secret alone.
    known === null ? "" : refreshTokens.encode({ ...known, secret: randomBytes(32) }),
    present(0).accessToken,
  ][kind] as string;
}
