interface AlgorithmEntry {
  kty: "EC" | "RSA" | "OKP";
  /** What jose needs to make a key of this algorithm. */
  generate: { crv?: string; modulusLength?: number };
}

/** Signing algorithms (RFC 7518 section 3.1, RFC 8037). Nothing below this table enumerates them. */
export const ALGORITHMS = {
  ES256: { kty: "EC", generate: { crv: "P-256" } },
  RS256: { kty: "RSA", generate: { modulusLength: 3072 } },
  EdDSA: { kty: "OKP", generate: { crv: "Ed25519" } },
} as const satisfies Record<string, AlgorithmEntry>;

export type Algorithm = keyof typeof ALGORITHMS;

export const isAlgorithm = (name: unknown): name is Algorithm =>
  typeof name === "string" && Object.hasOwn(ALGORITHMS, name);
