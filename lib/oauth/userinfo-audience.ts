/** The `aud` of a token that a client gets for Latchkey itself: for what its userinfo endpoint says. */
export const userinfoAudience = (issuer: string): string => `${issuer}/oauth/userinfo`;

export const parEndpoint = (issuer: string): string => `${issuer}/oauth/par`;

/** Where tokens are asked for: the `htu` of a DPoP proof, and one of the names that an assertion may be for. */
export const tokenEndpoint = (issuer: string): string => `${issuer}/oauth/token`;
