import { createServer } from "node:http";
import { answerApp } from "./app.js";
import { passOn } from "./latchkey.js";

const { PORT = "8080" } = process.env;

/** The one front: the application below /app/, Latchkey everywhere else, both of one origin. */
const server = createServer((request, response) => {
  const [pathname] = request.url.split("?", 1);
  // Where Latchkey sends people who have signed in.
  if (pathname === "/") response.writeHead(302, { Location: "/app/" }).end();
  else if (pathname === "/app" || pathname.startsWith("/app/")) answerApp(request, response);
  else passOn(request, response);
});

server.listen(Number(PORT), () => console.log(`The application is at http://localhost:${PORT}/app/`));
process.once("SIGTERM", () => {
  server.close();
  server.closeIdleConnections();
});
