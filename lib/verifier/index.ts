export type { Problem, Refusal } from "./challenge";
export {
  type Accepted,
  type Claims,
  createVerifier,
  type Guard,
  type Verification,
  type Verifier,
} from "./create-verifier";
export type {
  HighSecurityOptions,
  JwksOptions,
  LegacyOptions,
  MeshOptions,
  Rejection,
  RevocationOptions,
  SharedRedisClient,
  VerifierOptions,
} from "./options";
export type { Requirements } from "./requirements";
export type { PresentedRequest, Scheme } from "./scheme";
