import { createServer } from "node:http";
import { fetchOrders } from "./orders-client.js";

const { PORT = "4006" } = process.env;

async function answerTotal(response) {
  try {
    const orders = await fetchOrders();
    const total = orders.reduce((sum, order) => sum + order.total, 0);
    send(response, 200, { total });
  } catch (error) {
    console.error([error.message, error.error ?? error.cause?.message].filter(Boolean).join(": "));
    send(response, 502, { problem: "The orders cannot be read." });
  }
}

function send(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify(body));
}

const server = createServer((request, response) => {
  if (request.method === "GET" && request.url === "/total") answerTotal(response);
  else send(response, 404, { problem: "There is nothing here." });
});

server.listen(Number(PORT), () => console.log(`Billing is at http://localhost:${PORT}/total`));
process.once("SIGTERM", () => {
  server.close();
  server.closeIdleConnections();
});
