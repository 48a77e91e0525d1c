import { z } from "zod";
import { PlainError } from "../plain-error";

/** Whoever has not answered by then does not. */
const PATIENCE_MS = 10_000;

export const JWKS_PATH = "/.well-known/jwks.json";

const health = z.object({ status: z.literal("ok") });
const jwks = z.object({ keys: z.array(z.object({ kid: z.string() })) });

/** The JWKS as somebody elsewhere gets it. */
export interface PublishedKeys {
  kids: string[];
  /** For how long it may be kept; null where it does not say. */
  maxAgeSeconds: number | null;
  /** For how long a cache on the way has kept it already. */
  ageSeconds: number;
}

/** Asks what runs at the public origin, as a client elsewhere does. Throws `PlainError` when it does not answer. */
export async function askDeployment(origin: string, path: string, init: RequestInit = {}): Promise<Response> {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    return await fetch(`${origin}${path}`, { redirect: "manual", signal, ...init });
  } catch (error) {
    throw new PlainError(
      `Nobody answers at ${origin} (${reasonOf(error)}). Start Latchkey, or correct APP_ORIGIN or the proxy in front.`,
    );
  }
}

/** Throws `PlainError` unless Latchkey answers at the public origin. */
export async function requireDeployment(origin: string): Promise<void> {
  const answer = await askDeployment(origin, "/healthz");
  const isLatchkey = answer.status === 200 && health.safeParse(await readJson(answer)).success;
  if (isLatchkey) return;
  throw new PlainError(
    `What answers at ${origin} is not Latchkey (${answer.status} at /healthz). Correct APP_ORIGIN or the proxy in front.`,
  );
}

/** Throws `PlainError` when there is no JWKS to be had. */
export async function readPublishedKeys(origin: string): Promise<PublishedKeys> {
  const answer = await askDeployment(origin, JWKS_PATH);
  const parsed = jwks.safeParse(await readJson(answer));
  if (answer.status !== 200 || !parsed.success) {
    throw new PlainError(`${origin}${JWKS_PATH} is not a JWKS (${answer.status}).`);
  }
  return {
    kids: parsed.data.keys.map(({ kid }) => kid),
    maxAgeSeconds: maxAgeOf(answer.headers),
    ageSeconds: Number(answer.headers.get("age") ?? 0) || 0,
  };
}

/** RFC 9111 section 5.2.2.1; null where there is none. */
export function maxAgeOf(headers: Headers): number | null {
  const [, seconds] = /(?:^|[\s,])max-age="?(\d+)/i.exec(headers.get("cache-control") ?? "") ?? [];
  return seconds === undefined ? null : Number(seconds);
}

/** Null for what is not JSON. */
const readJson = (answer: Response): Promise<unknown> => answer.json().catch(() => null);

/** `fetch` hides why it failed one level down. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  const { code, message } = cause as { code?: unknown; message?: unknown };
  return String(typeof code === "string" ? code : (message ?? cause));
}
