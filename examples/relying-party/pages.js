export const welcomePage = () => page("Welcome", '<p><a href="/sign-in">Sign in</a></p>');

export const homePage = ({ email }) =>
  page(
    `Hello, ${escapeHtml(email)}`,
    '<form method="post" action="/sign-out"><button>Sign out</button></form>',
  );

export const page = (heading, content) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${heading}</title>
<h1>${heading}</h1>
${content}
</html>
`;

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (text) => text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
