import { metadataAnswer } from "@/app/_http/metadata-answer";
import { preflight } from "@/app/_http/oauth-endpoint";

/** OpenID Connect Discovery 1.0 section 4. */
export const GET = metadataAnswer;

export const OPTIONS = preflight("GET");
