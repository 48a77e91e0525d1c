import { beforeEach, describe, expect, it, vi } from "vitest";
import type { AuditEvent } from "@/lib/audit/events";
import { HeldClock } from "@/lib/keys/testing/held-clock";
import { RATE_LIMITS, type RateLimitName } from "@/lib/policy/rate-limits";
import { DEVICE_CODE } from "./client";
import type { OAuthDependencies } from "./dependencies";
import {
  type DeviceAuthorizationResponse,
  decideDevice,
  findDeviceRequest,
  pollDevice,
  startDeviceAuthorization,
} from "./device-authorization";
import { clientRecord } from "./testing/client-records";
import { MemoryDeviceAuthorizations } from "./testing/memory-device-authorizations";
import * as userCodes from "./user-code";

const START = new Date("2026-11-30T12:00:00Z");
const TV = clientRecord({ id: "client_tv", grantTypes: [DEVICE_CODE] });
const RADIO = clientRecord({ id: "client_radio", grantTypes: [DEVICE_CODE] });
const ASKED = { scope: "openid tv.watch", audience: "https://films.example" };
const LIVING_ROOM = { ip: "203.0.113.7", userAgent: "TV/1.0" };
const ADA = { userId: "ada", sessionId: "a-browser", client: { ip: "192.0.2.10", userAgent: "Firefox" } };
const NO_SUCH_CODE = {
  code: "invalid_request",
  fields: { userCode: expect.stringMatching(/No device waits/) },
};
const LIMITED = { code: "rate_limited" };

let clock: HeldClock;
let devices: MemoryDeviceAuthorizations;
let events: AuditEvent[];
let deps: OAuthDependencies;
beforeEach(() => {
  clock = new HeldClock(START);
  devices = new MemoryDeviceAuthorizations();
  events = [];
  const stores = {
    deviceAuthorizations: devices,
    audit: { record: async (event: AuditEvent) => void events.push(event) },
  };
  const spent = new Map<string, number>();
  const spend = async (limit: RateLimitName, subject: string) => {
    const points = (spent.get(`${limit} ${subject}`) ?? 0) + 1;
    spent.set(`${limit} ${subject}`, points);
    return points <= RATE_LIMITS[limit].points ? null : { retryAfterSeconds: 900, isFirst: true };
  };
  deps = {
    stores,
    atomically: (work: (stores: unknown) => Promise<unknown>) => work(stores),
    rateLimiter: { spend, forgive: async () => {} },
    issuer: "https://login.example",
    clock,
  } as unknown as OAuthDependencies;
});

const start = (client = TV) => startDeviceAuthorization(deps, client, ASKED, LIVING_ROOM);
const decide = (code: string, decision: "allowed" | "denied", by = ADA) =>
  decideDevice(deps, code, decision, by);

/** The error that a poll of the TV ends with, or the decision that it found. */
const poll = (deviceCode: string, client = TV): Promise<unknown> =>
  pollDevice(deps, client, deviceCode).then(
    ({ decision }) => decision,
    (error) => error.code,
  );

describe("a device", () => {
  it("gets two codes, and where its person types the short one", async () => {
    const response = await start();
    const { user_code } = response;
    expect(user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(response).toEqual({
      device_code: expect.stringMatching(/^[\w-]{43}$/),
      user_code,
      verification_uri: "https://login.example/device",
      verification_uri_complete: `https://login.example/device?user_code=${user_code}`,
      expires_in: 600,
      interval: 5,
    });
  });

  it("leaves no code behind", async () => {
    const { device_code, user_code } = await start();
    const kept = JSON.stringify(devices.rows.map((row) => Object.values(row).map(String)));
    expect(kept).not.toContain(device_code);
    expect(kept).not.toContain(user_code.slice(0, 4));
    expect(devices.rows).toEqual([expect.objectContaining({ clientId: TV.id, ...ASKED, ...LIVING_ROOM })]);
  });

  it("never gets a user code that another one waits with", async () => {
    const newUserCode = vi.spyOn(userCodes, "newUserCode");
    newUserCode.mockReturnValueOnce("BBBBBBBB").mockReturnValueOnce("BBBBBBBB");
    const [one, other] = [await start(), await start()];
    newUserCode.mockRestore();
    expect(one.user_code).toBe("BBBB-BBBB");
    expect(other.user_code).not.toBe("BBBB-BBBB");
    expect(devices.rows).toHaveLength(2);
  });

  it("is one of sixty from an address in a quarter of an hour, or of one /64", async () => {
    for (let n = 0; n < 60; n += 1) {
      await startDeviceAuthorization(deps, TV, ASKED, { ...LIVING_ROOM, ip: `2001:db8::${n}` });
    }
    const next = (ip: string) => startDeviceAuthorization(deps, TV, ASKED, { ...LIVING_ROOM, ip });
    await expect(next("2001:db8::ffff")).rejects.toMatchObject(LIMITED);
    await expect(next("2001:db8:0:1::1")).resolves.toBeDefined();
  });

  it("of a client that has proved who it is does not count by the address, which all its people share", async () => {
    for (let n = 0; n < 60; n += 1) await start();
    await expect(start(RADIO)).rejects.toMatchObject(LIMITED);
    await expect(start({ ...RADIO, authMethod: "client_secret" })).resolves.toBeDefined();
  });
});

describe("a person", () => {
  let waiting: DeviceAuthorizationResponse;
  beforeEach(async () => {
    waiting = await start();
  });

  it("finds the device by its code, however it is typed", async () => {
    const { user_code } = waiting;
    for (const typed of [user_code, user_code.toLowerCase(), ` ${user_code.replace("-", " – ")} `]) {
      expect(await findDeviceRequest(deps, typed, ADA.userId)).toMatchObject({ ...ASKED, ...LIVING_ROOM });
    }
  });

  it("finds none by a code that is none, was answered, or has expired", async () => {
    for (const typed of ["", "BBBB", "12345678", "x".repeat(10_000)]) {
      expect(await findDeviceRequest(deps, typed, ADA.userId)).toBeNull();
    }
    await decide(waiting.user_code, "denied");
    expect(await findDeviceRequest(deps, waiting.user_code, ADA.userId)).toBeNull();
    const late = await start();
    clock.advanceSeconds(600);
    expect(await findDeviceRequest(deps, late.user_code, ADA.userId)).toBeNull();
  });

  it.each(["allowed", "denied"] as const)("answers once: %s, with an event", async (decision) => {
    await decide(waiting.user_code, decision);
    await expect(decide(waiting.user_code, "allowed")).rejects.toMatchObject(NO_SUCH_CODE);
    expect(devices.rows).toEqual([
      expect.objectContaining({ decision, userId: "ada", parentId: "a-browser", decidedAt: START }),
    ]);
    expect(events).toEqual([
      {
        at: START,
        type: `device_authorization.${decision}`,
        actorId: "ada",
        userId: "ada",
        sessionId: "a-browser",
        client: ADA.client,
        details: { clientId: TV.id, ...ASKED },
      },
    ]);
  });

  it("who answers a moment after another one changes nothing", async () => {
    const found = await findDeviceRequest(deps, waiting.user_code, "bob");
    await decide(waiting.user_code, "denied");
    devices.findUndecided = async () => found;
    const bob = { ...ADA, userId: "bob" };
    await expect(decide(waiting.user_code, "allowed", bob)).rejects.toMatchObject(NO_SUCH_CODE);
    expect(devices.rows).toEqual([expect.objectContaining({ decision: "denied", userId: "ada" })]);
    expect(events).toHaveLength(1);
  });

  it("cannot answer with a code that has expired", async () => {
    clock.advanceSeconds(600);
    await expect(decide(waiting.user_code, "allowed")).rejects.toMatchObject(NO_SUCH_CODE);
    expect(events).toEqual([]);
  });

  it("may try ten times in a quarter of an hour, looking and answering alike", async () => {
    for (let n = 0; n < 5; n += 1) {
      await findDeviceRequest(deps, "BBBB-BBBB", ADA.userId);
      await expect(decide("BBBB-BBBC", "denied")).rejects.toMatchObject(NO_SUCH_CODE);
    }
    await expect(findDeviceRequest(deps, waiting.user_code, ADA.userId)).rejects.toMatchObject(LIMITED);
    await expect(decide(waiting.user_code, "allowed")).rejects.toMatchObject(LIMITED);
    expect(devices.rows).toEqual([expect.objectContaining({ decision: null })]);
    expect(await findDeviceRequest(deps, waiting.user_code, "bob")).not.toBeNull();
  });
});

describe("a poll", () => {
  let waiting: DeviceAuthorizationResponse;
  beforeEach(async () => {
    waiting = await start();
  });

  it("learns that nobody has answered, for as long as it waits between two", async () => {
    for (let n = 0; n < 4; n += 1) {
      expect(await poll(waiting.device_code)).toBe("authorization_pending");
      clock.advanceSeconds(5);
    }
  });

  it("that comes too soon has to wait five seconds longer each time, and goes on doing so", async () => {
    const polls: [afterSeconds: number, answer: string][] = [
      [0, "authorization_pending"],
      [4.999, "slow_down"],
      [9.999, "slow_down"],
      [15, "authorization_pending"],
      [14.999, "slow_down"],
      [20, "authorization_pending"],
    ];
    for (const [afterSeconds, answer] of polls) {
      clock.advanceSeconds(afterSeconds);
      expect(await poll(waiting.device_code)).toBe(answer);
    }
  });

  it("finds the answer as soon as it is there, however soon it comes", async () => {
    expect(await poll(waiting.device_code)).toBe("authorization_pending");
    await decide(waiting.user_code, "allowed");
    expect(await poll(waiting.device_code)).toBe("allowed");
    const { hash } = await pollDevice(deps, TV, waiting.device_code);
    await devices.redeem(hash, clock.now());
    expect(await poll(waiting.device_code)).toBe("invalid_grant");
  });

  it("learns that the person has refused", async () => {
    await decide(waiting.user_code, "denied");
    expect(await poll(waiting.device_code)).toBe("access_denied");
  });

  it.each([null, "allowed", "denied"] as const)(
    "is too late after ten minutes, decided: %s",
    async (decision) => {
      if (decision !== null) await decide(waiting.user_code, decision);
      clock.advanceSeconds(600);
      expect(await poll(waiting.device_code)).toBe("expired_token");
    },
  );

  it("learns nothing of a code that is none, or another client's", async () => {
    await decide(waiting.user_code, "allowed");
    expect(await poll(waiting.device_code, RADIO)).toBe("invalid_grant");
    for (const code of ["", waiting.user_code, `${waiting.device_code}A`, "A".repeat(43)]) {
      expect(await poll(code)).toBe("invalid_grant");
    }
    expect(await poll(waiting.device_code)).toBe("allowed");
  });

  it("of another client does not slow down the one that waits", async () => {
    expect(await poll(waiting.device_code, RADIO)).toBe("invalid_grant");
    expect(await poll(waiting.device_code)).toBe("authorization_pending");
  });
});
