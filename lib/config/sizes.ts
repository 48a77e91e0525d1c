/** The largest request body, JSON or form (API.md). */
export const MAX_BODY_BYTES = 64 * 1024;
