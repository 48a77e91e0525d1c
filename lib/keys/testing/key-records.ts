import type { Algorithm } from "../algorithms";
import type { KeyCustody } from "../custody";
import type { SigningKeyRecord } from "../signing-key";

const CREATED_AT = new Date("2026-11-24T12:00:00Z");

/** A key of this custody as a row: active, but for what is changed. */
export async function createRecord(
  custody: Pick<KeyCustody, "generate">,
  algorithm: Algorithm,
  changes: Partial<SigningKeyRecord> = {},
): Promise<SigningKeyRecord> {
  return {
    ...(await custody.generate("access_token", algorithm)),
    state: "active",
    createdAt: CREATED_AT,
    activatesAt: null,
    activatedAt: CREATED_AT,
    retiringAt: null,
    retiredAt: null,
    revokedAt: null,
    revokeReason: null,
    ...changes,
  };
}
