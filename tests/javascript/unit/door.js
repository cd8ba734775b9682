/** A stand-in for the intake: it answers as a test wants, and keeps what it was sent. */

import { once } from "node:events";
import { createServer } from "node:http";

/** Return the results of a body that is taken whole. */
export function taken(lines) {
  return [202, { results: lines.map(({ detail }) => ({ event_id: detail.event_id, status: "accepted", error: null })) }];
}

/** Return a problem document, with headers. */
export function problem(status, headers = {}) {
  return [status, { status, title: "No", detail: `no, as ${status} says` }, headers];
}

/**
 * Serve on this machine until *test* is over. *answers* are functions of the lines of a body, one a
 * request, which return a status, a document and headers, or null to break the connection off; the
 * last one goes on answering.
 */
export async function door(test, ...answers) {
  const bodies = [];
  const headers = [];
  const times = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const part of request.setEncoding("utf8")) text += part;
    const lines = text.split("\n").map((line) => JSON.parse(line));
    bodies.push(lines);
    headers.push(request.headers);
    times.push(performance.now());
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    const told = (answer ?? taken)(lines);
    if (told === null) return request.socket.destroy();
    const [status, document, more] = told;
    response.writeHead(status, { "content-type": "application/json", ...more });
    response.end(typeof document === "string" ? document : JSON.stringify(document));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${server.address().port}/`;
  const details = () => bodies.flat().map(({ detail }) => detail);
  return { url, bodies, headers, times, details, ids: () => details().map(({ event_id }) => event_id) };
}
