import { ERRORS, type ErrorCode } from "@/lib/errors/catalogue";
import { NO_CONTENT_CSP } from "@/lib/policy/content-security-policy";

/** For `errorPage`: it needs its stylesheet and nothing else. */
export const ERROR_PAGE_CSP = `${NO_CONTENT_CSP}; style-src 'self'`;

/** A page for when no page can be rendered. It holds nothing of the request, and no script. */
export function errorPage(code: ErrorCode): string {
  const { title } = ERRORS[code];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/error.css">
<title>${title}</title>
</head>
<body>
<main>
<h1>${title}</h1>
<p><a href="/">Back to the start</a></p>
</main>
</body>
</html>
`;
}
