import express from "express";
import { errors } from "jose";
import { connect } from "./latchkey.js";
import { verifyLogoutToken } from "./logout-token.js";
import { homePage, page, welcomePage } from "./pages.js";
import { closeSession, endSessions, findSession, openSession } from "./sessions.js";
import { AttemptError, beginSignIn, finishSignIn, signOutUrl } from "./sign-in.js";

const { PORT = "4007", APP_ORIGIN = `http://127.0.0.1:${PORT}` } = process.env;

const latchkey = await connect();
const app = express();

app.use((_request, response, next) => {
  response.set("Cache-Control", "no-store");
  next();
});

app.get("/", (request, response) => {
  const session = findSession(request);
  response.send(session === null ? welcomePage() : homePage(session));
});

app.get("/sign-in", async (_request, response) => {
  response.redirect(303, await beginSignIn(latchkey, APP_ORIGIN, response));
});

/** Where Latchkey sends the browser back. */
app.get("/callback", async (request, response) => {
  openSession(response, await finishSignIn(latchkey, APP_ORIGIN, request, response));
  response.redirect(303, "/");
});

/** The session here ends first, whatever the person decides at Latchkey. */
app.post("/sign-out", requireOwnPage, (request, response) => {
  const session = closeSession(request, response);
  response.redirect(303, session === null ? "/" : signOutUrl(latchkey, APP_ORIGIN, session));
});

function requireOwnPage(request, response, next) {
  if (request.get("Sec-Fetch-Site") === "same-origin") next();
  else response.status(403).send(page("Not from here", "<p>Another site sent this.</p>"));
}

/** Latchkey itself calls this, not the browser (OpenID Connect Back-Channel Logout 1.0 section 2.5). */
app.post("/backchannel-logout", express.urlencoded({ limit: "16kb" }), async (request, response) => {
  try {
    const ended = endSessions(await verifyLogoutToken(latchkey, request.body?.logout_token));
    console.log(`Latchkey has ended a session: ${ended} here.`);
    response.sendStatus(200);
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    response.status(400).json({ error: "invalid_request", error_description: "This is no logout token." });
  }
});

app.use((error, _request, response, _next) => {
  if (!(error instanceof AttemptError)) console.error(error);
  const [status, sentence] =
    error instanceof AttemptError ? [400, error.message] : [502, "Please try again in a moment."];
  response.status(status).send(page("You are not signed in", `<p>${sentence} <a href="/">Back</a></p>`));
});

const server = app.listen(Number(PORT), "127.0.0.1", () =>
  console.log(`The application is at ${APP_ORIGIN}`),
);
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
