import type { AuditLog } from "@/lib/audit/events";
import type { Clock } from "@/lib/crypto/clock";
import type { Signer } from "@/lib/keys/custody";
import type { KeyStores, RotationDependencies } from "@/lib/keys/rotation";
import type { SessionStore } from "@/lib/sessions/session-store";
import type { Audience, AudienceStore } from "./audience";
import type { RecipientKeys } from "./recipient-keys";

export interface AudienceStores extends KeyStores {
  audiences: AudienceStore;
  audit: AuditLog;
}

/** What the use cases of this folder stand on. */
export interface AudienceDependencies {
  store: AudienceStore;
  sessions: Pick<SessionStore, "find">;
  keys: RotationDependencies<AudienceStores>;
  recipientKeys: RecipientKeys;
  /** The key that signs for an audience. Rejects when there is none for the moment. */
  findSigner(audience: Pick<Audience, "identifier" | "profile" | "algorithm">): Promise<Signer>;
  issuer: string;
  clockToleranceSeconds: number;
  clock: Clock;
}
