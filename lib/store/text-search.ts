/** Prisma hands the text to LIKE as it is, where these are patterns. */
export const literally = (text: string): string => text.replace(/[\\%_]/g, "\\$&");

/** A condition for text that contains this, in any case. */
export const containing = (text: string) => ({ contains: literally(text), mode: "insensitive" }) as const;
