import { randomBytes } from "node:crypto";
import { encodeBase64url } from "./base64url";

const SECRET_BYTES = 32;
const ID_BYTES = 16;

/** A secret of 256 random bits. */
export const randomSecret = (): Buffer => randomBytes(SECRET_BYTES);

/** The same as text for a link or a cookie. */
export const randomToken = (): string => encodeBase64url(randomSecret());

/** An identifier of 128 random bits (22 characters); a UUID has only 122 (SECURITY.md S1). */
export const randomId = (): string => encodeBase64url(randomBytes(ID_BYTES));
