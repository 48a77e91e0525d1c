import type { Client as Caller } from "@/lib/audit/events";
import type { Client } from "./client";
import type { DpopProof } from "./dpop";
import type { Parameters } from "./parameters";

/** A request to an endpoint for clients, as it came. */
export interface ClientRequest {
  headers: Headers;
  parameters: Parameters;
  from: Caller;
}

/** A request for a token, once it is known who asks. */
export interface TokenCall {
  client: Client;
  parameters: Parameters;
  /** Of the key that the token will be bound to; null where it will be to none. */
  proof: DpopProof | null;
  from: Caller;
}

/** The thumbprint of the key that a call proves to have, or null. */
export const jktOf = ({ proof }: Pick<TokenCall, "proof">): string | null => proof?.jkt ?? null;
