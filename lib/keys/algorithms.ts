interface AlgorithmEntry {
  kty: "EC" | "RSA" | "OKP" | "oct";
  /** What jose needs to make a key of this algorithm. */
  generate: { crv?: string; modulusLength?: number };
  /** The hash that is signed (Node's name), or null where the algorithm hashes by itself. */
  digest: "sha256" | null;
}

/** Signing algorithms (RFC 7518 section 3.1, RFC 8037). Nothing below this table enumerates them. */
export const ALGORITHMS = {
  ES256: { kty: "EC", generate: { crv: "P-256" }, digest: "sha256" },
  RS256: { kty: "RSA", generate: { modulusLength: 3072 }, digest: "sha256" },
  EdDSA: { kty: "OKP", generate: { crv: "Ed25519" }, digest: null },
  /** One secret both signs and verifies: it is never published, and is held for as long as its tokens live. */
  HS256: { kty: "oct", generate: {}, digest: "sha256" },
} as const satisfies Record<string, AlgorithmEntry>;

export type Algorithm = keyof typeof ALGORITHMS;

export const isAlgorithm = (name: unknown): name is Algorithm =>
  typeof name === "string" && Object.hasOwn(ALGORITHMS, name);

/** Whether signing and verifying take the same secret. */
export const isSymmetric = (algorithm: Algorithm): boolean => ALGORITHMS[algorithm].kty === "oct";
