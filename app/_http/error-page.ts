import { ERRORS, type ErrorCode } from "@/lib/errors/catalogue";
import { NO_CONTENT_CSP } from "@/lib/policy/content-security-policy";

/** For `errorPage`: it needs its stylesheet and the site's icon, and nothing else. */
export const ERROR_PAGE_CSP = `${NO_CONTENT_CSP}; style-src 'self'; img-src 'self'`;

/** An empty address is the page's own. */
const TRY_AGAIN = '<a class="button" href="">Try again</a>';
const TO_START = '<a class="button" href="/">Back to the start</a>';

/** A page for when no page can be rendered. It holds nothing of the request, and no script. */
export function errorPage(code: ErrorCode): string {
  const { title, status } = ERRORS[code];
  const [heading = title] = title.split(".");
  const advice = title.slice(heading.length + 1).trim();
  return errorDocument(heading, advice === "" ? [] : [advice], status >= 500 ? TRY_AGAIN : TO_START);
}

/** Likewise, for a person whom another program has sent here with a request that cannot be answered. */
export const clientErrorPage = (problem: string): string =>
  errorDocument(
    "This did not work",
    [
      "The app that sent you here asked for something that cannot be done. Go back to it and try again.",
      problem,
    ],
    TO_START,
  );

/** All of it is text of ours. */
function errorDocument(heading: string, paragraphs: readonly string[], link: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/error.css">
<title>${heading} · Latchkey</title>
</head>
<body>
<main>
<p class="logo"><img src="/icon.svg" alt="" width="28" height="28">Latchkey</p>
<div class="card">
<h1>${heading}</h1>
${paragraphs.map((text) => `<p>${text}</p>`).join("\n")}
<p>${link}</p>
</div>
</main>
</body>
</html>
`;
}
