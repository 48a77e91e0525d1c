import { whoIs } from "./latchkey.js";

/** Every page asks Latchkey who is there: what was revoked a moment ago is refused now. */
export async function answerApp(request, response) {
  try {
    const { user, setCookies } = await whoIs(request);
    if (user === null) response.statusCode = 401;
    response.setHeader("Set-Cookie", setCookies);
    send(response, user === null ? signedOutPage(request) : personPage(user));
  } catch (error) {
    console.error(error.message);
    response.statusCode = 503;
    send(response, page("One moment", "<p>Please try again in a moment.</p>"));
  }
}

const personPage = ({ email }) =>
  page(
    `Hello, ${escapeHtml(email)}`,
    `<button type="button" id="sign-out">Sign out</button>
<script>
document.getElementById("sign-out").onclick = async () => {
  await fetch("/api/auth/logout", { method: "POST" });
  location.reload();
};
</script>`,
  );

/** Latchkey's cookies do not come along a link from another site; the page opens itself again, as our own then. */
const signedOutPage = ({ headers }) =>
  headers["sec-fetch-site"] === "cross-site"
    ? page("Opening the page", '<meta http-equiv="refresh" content="0; url=/app/">')
    : page("Welcome", '<p><a href="/login">Sign in</a></p>');

const page = (heading, content) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${heading}</title>
<h1>${heading}</h1>
${content}
</html>
`;

function send(response, body) {
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.setHeader("Cache-Control", "no-store");
  response.end(body);
}

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (text) => text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
