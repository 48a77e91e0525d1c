import type { Client as Caller } from "@/lib/audit/events";
import { DEVICE_AUTHORIZATION_SECONDS, DEVICE_POLL_SECONDS } from "@/lib/config/durations";
import { addSeconds } from "@/lib/crypto/clock";
import { sha256 } from "@/lib/crypto/derive-key";
import { randomToken } from "@/lib/crypto/random";
import { LatchkeyError } from "@/lib/errors/latchkey-error";
import { requireAttempt } from "@/lib/identity/rate-limiter";
import type { Client } from "./client";
import { requireClientAttempt } from "./client-attempt";
import type { OAuthDependencies } from "./dependencies";
import { OAuthError } from "./oauth-error";
import type { DeviceAuthorization } from "./stores";
import { formatUserCode, newUserCode, parseUserCode } from "./user-code";

/** RFC 8628 section 3.2. */
export interface DeviceAuthorizationResponse {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}

/** The person who looks at a user code or answers for it, and the browser session they do it in. */
export interface DeviceUser {
  userId: string;
  sessionId: string;
  client: Caller;
}

type DeviceDependencies = Pick<
  OAuthDependencies,
  "stores" | "atomically" | "rateLimiter" | "issuer" | "clock"
>;

/** Codes that are taken are rare: so many in a row do not happen. */
const MAX_USER_CODES_TRIED = 5;

/**
 * Begins to wait for a person to let a program without a browser in (RFC 8628 section 3.1). Both codes are kept as their
 * hashes. Throws `rate_limited`.
 */
export async function startDeviceAuthorization(
  deps: DeviceDependencies,
  client: Pick<Client, "id" | "authMethod">,
  { scope, audience }: Pick<DeviceAuthorization, "scope" | "audience">,
  origin: Caller,
): Promise<DeviceAuthorizationResponse> {
  await requireClientAttempt(deps, "deviceAuthorization", client, origin);
  const deviceCode = randomToken();
  const now = deps.clock.now();
  const userCode = await insertWithUserCode(deps, {
    hash: sha256(deviceCode),
    clientId: client.id,
    audience,
    scope,
    ...origin,
    intervalSeconds: DEVICE_POLL_SECONDS,
    polledAt: null,
    createdAt: now,
    expiresAt: addSeconds(now, DEVICE_AUTHORIZATION_SECONDS),
    decision: null,
    decidedAt: null,
    userId: null,
    parentId: null,
    redeemedAt: null,
  });
  const verificationUri = `${deps.issuer}/device`;
  return {
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: verificationUri,
    verification_uri_complete: `${verificationUri}?user_code=${userCode}`,
    expires_in: DEVICE_AUTHORIZATION_SECONDS,
    interval: DEVICE_POLL_SECONDS,
  };
}

/** The user code as it is shown: one that nobody else waits with. */
async function insertWithUserCode(
  { stores }: DeviceDependencies,
  authorization: Omit<DeviceAuthorization, "userCodeHash">,
): Promise<string> {
  for (let tried = 0; tried < MAX_USER_CODES_TRIED; tried += 1) {
    const userCode = newUserCode();
    const userCodeHash = sha256(userCode);
    if (await stores.deviceAuthorizations.insert({ ...authorization, userCodeHash })) {
      return formatUserCode(userCode);
    }
  }
  throw new Error("Every user code that was made is taken.");
}

/**
 * The program that waits with the code that a person has typed, or null. Counts as an attempt of theirs: throws
 * `rate_limited` when it is one too many, so that nobody finds somebody else's code by guessing.
 */
export async function findDeviceRequest(
  deps: DeviceDependencies,
  typedUserCode: string,
  userId: string,
): Promise<DeviceAuthorization | null> {
  await requireAttempt(deps.rateLimiter, "userCodeByUser", userId);
  const userCode = parseUserCode(typedUserCode);
  if (userCode === null) return null;
  return deps.stores.deviceAuthorizations.findUndecided(sha256(userCode), deps.clock.now());
}

/**
 * Lets the program that waits with this code in, or not; with an event. Of two answers the first counts.
 * Throws `invalid_request` for the field `userCode` when none waits with it, and `rate_limited`.
 */
export async function decideDevice(
  deps: DeviceDependencies,
  typedUserCode: string,
  decision: "allowed" | "denied",
  { userId, sessionId, client }: DeviceUser,
): Promise<void> {
  const request = await findDeviceRequest(deps, typedUserCode, userId);
  if (request === null) throw noSuchCode();
  const { userCodeHash, clientId, audience, scope } = request;
  const now = deps.clock.now();
  await deps.atomically(async (stores) => {
    const decided = { decision, userId, parentId: sessionId };
    if (!(await stores.deviceAuthorizations.decide(userCodeHash, decided, now))) throw noSuchCode();
    await stores.audit.record({
      at: now,
      type: `device_authorization.${decision}`,
      actorId: userId,
      userId,
      sessionId,
      client,
      details: { clientId, audience, scope },
    });
  });
}

export const noSuchCode = () =>
  new LatchkeyError("invalid_request", {
    fields: { userCode: "No device waits with this code. Compare it with the one that the device shows." },
  });

/**
 * The device authorization of a device code once its person has allowed it, for the caller to redeem (RFC 8628 section
 * 3.4). Throws, by section 3.5: `authorization_pending`; `slow_down` to a client that does not wait between two polls,
 * which has to wait 5 s longer from then on; `access_denied`; `expired_token`; and `invalid_grant` for a code that is
 * none, another client's, or redeemed.
 */
export async function pollDevice(
  deps: Pick<DeviceDependencies, "stores" | "clock">,
  client: Pick<Client, "id">,
  deviceCode: string,
): Promise<DeviceAuthorization> {
  const authorization = await requireOwn(deps, client, deviceCode);
  const { decision, redeemedAt, expiresAt } = authorization;
  if (redeemedAt !== null) throw new OAuthError("invalid_grant", "The device code was used before.");
  if (expiresAt <= deps.clock.now()) throw new OAuthError("expired_token", "The device code has expired.");
  if (decision === "denied") throw new OAuthError("access_denied", "The person has refused.");
  if (decision === "allowed") return authorization;
  throw await noteEarlyPoll(deps, authorization);
}

async function requireOwn(
  { stores }: Pick<DeviceDependencies, "stores">,
  { id }: Pick<Client, "id">,
  deviceCode: string,
): Promise<DeviceAuthorization> {
  const authorization = await stores.deviceAuthorizations.find(sha256(deviceCode));
  if (authorization?.clientId === id) return authorization;
  throw new OAuthError("invalid_grant", "This is not a device code of this client.");
}

/** What a client that asks before the answer is there learns. */
async function noteEarlyPoll(
  { stores, clock }: Pick<DeviceDependencies, "stores" | "clock">,
  { hash, polledAt, intervalSeconds }: DeviceAuthorization,
): Promise<OAuthError> {
  const now = clock.now();
  const isTooSoon = polledAt !== null && now < addSeconds(polledAt, intervalSeconds);
  const nextSeconds = isTooSoon ? intervalSeconds + DEVICE_POLL_SECONDS : intervalSeconds;
  await stores.deviceAuthorizations.notePoll(hash, nextSeconds, now);
  return isTooSoon
    ? new OAuthError("slow_down", `Wait ${nextSeconds} seconds between two polls.`)
    : new OAuthError("authorization_pending", "The person has not answered yet.");
}
