const SESSION_ID_BYTES = 16;

/** What a refresh token says of its session: the generation, 4 bytes behind the session's id. */
export const generationOf = (refreshToken: string): number =>
  Buffer.from(refreshToken, "base64url").readUInt32BE(SESSION_ID_BYTES);
