import type { AudienceStore } from "@/lib/audiences/audience";
import type { AudienceDependencies } from "@/lib/audiences/dependencies";
import type { Clock } from "@/lib/crypto/clock";
import type { RateLimiter } from "@/lib/identity/rate-limiter";
import type { Signer } from "@/lib/keys/custody";
import type { JsonObject } from "@/lib/outbound/fetch-json";
import type { DenialStore } from "@/lib/revocation/denial";
import type { SessionDependencies } from "@/lib/sessions/dependencies";
import type { Client } from "./client";
import type { ClientKeys } from "./client-keys";
import type { SignedMarks } from "./signed-mark";
import type { OAuthStores } from "./stores";

/** What the use cases of this folder stand on. */
export interface OAuthDependencies {
  stores: OAuthStores & { denials: DenialStore; audiences: Pick<AudienceStore, "find"> };
  /** All of it happens, or nothing. Keep it short; nothing else may ask the database meanwhile. */
  atomically<Result>(work: (stores: OAuthDependencies["stores"]) => Promise<Result>): Promise<Result>;
  sessions: SessionDependencies;
  audiences: AudienceDependencies;
  /** The key that signs for Latchkey itself by this algorithm. Rejects when there is none for the moment. */
  findSigner(algorithm: Client["algorithm"]): Promise<Signer>;
  /** A document of another server, within the limits of lib/outbound. */
  fetchJson(url: string): Promise<JsonObject>;
  /** Posts a form to another server, within the same limits, and resolves when it has accepted it. */
  postForm(url: string, form: Record<string, string>): Promise<void>;
  clientKeys: ClientKeys;
  rateLimiter: RateLimiter;
  marks: SignedMarks;
  /** `PRIVATE_HOSTS`: other servers that may be anywhere. */
  privateHosts: readonly string[];
  issuer: string;
  clockToleranceSeconds: number;
  clock: Clock;
}
