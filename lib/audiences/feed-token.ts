import { randomToken } from "@/lib/crypto/random";

/** So that whoever finds one knows what it is. */
const PREFIX = "latchkey_feed_";
const FEED_TOKEN = new RegExp(`^${PREFIX}[\\w-]{43}$`);

/** What a service reads the revocation feed with, and asks about tokens. Of it the hash alone is kept. */
export const newFeedToken = (): string => `${PREFIX}${randomToken()}`;

/** Whether a text could be one at all: nobody needs to be asked about any other. */
export const isFeedToken = (text: string): boolean => FEED_TOKEN.test(text);
