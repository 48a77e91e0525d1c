import { randomBytes } from "node:crypto";

const KID_BYTES = 32;

/** So many copies of a good token, each by a key that nobody has heard of. */
export function floodOf(accessToken: string, count: number): string[] {
  const [header = "", ...rest] = accessToken.split(".");
  const members = JSON.parse(Buffer.from(header, "base64url").toString());
  return Array.from({ length: count }, () => {
    const kid = randomBytes(KID_BYTES).toString("base64url");
    return [Buffer.from(JSON.stringify({ ...members, kid })).toString("base64url"), ...rest].join(".");
  });
}
