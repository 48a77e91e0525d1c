"use server";

import { z } from "zod";
import { sessionAction } from "@/app/_http/action";
import type { FormState } from "@/app/_ui/form-state";
import type { OAuthDependencies } from "@/lib/oauth/dependencies";
import { describePermissions } from "@/lib/oauth/describe-scope";
import { decideDevice, findDeviceRequest, noSuchCode } from "@/lib/oauth/device-authorization";
import { formatUserCode, parseUserCode } from "@/lib/oauth/user-code";
import { deviceName } from "@/lib/policy/user-agent";
import type { DeviceState } from "./device-state";

const schema = z.object({
  userCode: z.string().default(""),
  answer: z.enum(["allowed", "denied"]).optional(),
});

const ANSWERED = {
  allowed: "The program is let in. Go back to the device: it goes on by itself.",
  denied: "The program is not let in.",
} as const;

/** Shows who waits with the code; with an answer, gives it. */
export async function answerDevice(_state: FormState, form: FormData): Promise<DeviceState> {
  return sessionAction(form, { schema, kept: ["userCode"] }, async ({ latchkey, input, claims, client }) => {
    const { userCode, answer } = input;
    if (answer === undefined) return showDevice(latchkey.oauth, userCode, claims.sub);
    await decideDevice(latchkey.oauth, userCode, answer, {
      userId: claims.sub,
      sessionId: claims.sid,
      client,
    });
    return { status: "ok", message: ANSWERED[answer] };
  });
}

async function showDevice(oauth: OAuthDependencies, userCode: string, userId: string): Promise<DeviceState> {
  const found = await findDeviceRequest(oauth, userCode, userId);
  const client = found && (await oauth.stores.clients.find(found.clientId));
  const shown = parseUserCode(userCode);
  if (found === null || client === null || shown === null) throw noSuchCode();
  const { ip, userAgent, createdAt } = found;
  return {
    status: "ok",
    request: {
      userCode: formatUserCode(shown),
      clientName: client.name,
      ip,
      device: deviceName(userAgent),
      since: createdAt.toISOString(),
      access: describePermissions([found], oauth.issuer),
    },
  };
}
