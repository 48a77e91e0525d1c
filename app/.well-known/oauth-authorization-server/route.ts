import { metadataAnswer } from "@/app/_http/metadata-answer";
import { preflight } from "@/app/_http/oauth-endpoint";

/** RFC 8414 section 3. */
export const GET = metadataAnswer;

export const OPTIONS = preflight("GET");
