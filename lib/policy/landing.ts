import { NO_CONTENT_CSP } from "./content-security-policy";

/**
 * Whether this is a person following a link from another site, whose Strict cookies the browser held back.
 * A sibling subdomain (`same-site`) and a typed address (`none`) bring them, so there is nothing to repeat.
 * The repeated request is `same-origin`, so it cannot land here twice.
 */
export function needsLanding(method: string, headers: Headers, hasSessionCookie: boolean): boolean {
  return (
    method === "GET" &&
    !hasSessionCookie &&
    headers.get("sec-fetch-site") === "cross-site" &&
    headers.get("sec-fetch-mode") === "navigate" &&
    headers.get("sec-fetch-dest") === "document"
  );
}

/**
 * Asks the browser to repeat the request, now from our own origin. Holds nothing of the request.
 *
 * The address is U+001F, which is no white space to HTML and is stripped by the URL parser: the empty
 * reference, so the document's own address without its fragment. With a bare `content="0"` a link that ends
 * in `#fragment` only moves within this page and never leaves it (measured, Chromium 156).
 */
export const LANDING_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=&#x1f;">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Opening the page</title>
</head>
<body>
<p>Opening the page. If nothing happens, reload it.</p>
</body>
</html>
`;

export const LANDING_CSP = NO_CONTENT_CSP;
