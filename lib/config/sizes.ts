/** The largest request body, JSON or form (API.md). */
export const MAX_BODY_BYTES = 64 * 1024;

/** The largest document that is fetched from elsewhere. */
export const MAX_FETCHED_BYTES = 64 * 1024;
