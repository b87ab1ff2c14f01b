const express = require("express");

const app = express();
app.disable("x-powered-by");
app.use(express.static("public", { index: false }));

app.get("/", (request, response) => {
  response.type("html").send(page(`${request.protocol}://${request.get("host")}`));
});

app.get("/healthz", (request, response) => {
  response.json({ ok: true });
});

const server = app.listen(process.env.PORT || 5000, () => {
  console.log(`Listening on ${server.address().port}`);
});

// The platform asks for an end with SIGTERM, and waits 30 seconds for it.
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});

function page(address) {
  const text = (value) => String(value).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>It runs</title>
<link rel="stylesheet" href="/style.css">
<main>
  <h1>It runs.</h1>
  <p>This page came from <code>git push paas main</code>.</p>
  <dl>
    <dt>Address</dt><dd>${text(address)}</dd>
    <dt>Dyno</dt><dd>${text(process.env.DYNO || "this machine")}</dd>
    <dt>Node.js</dt><dd>${text(process.version)}</dd>
  </dl>
</main>
</html>
`;
}
