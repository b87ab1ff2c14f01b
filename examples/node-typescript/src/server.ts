import { randomUUID } from "node:crypto";
import compression from "compression";
import express from "express";
import helmet from "helmet";
import { pinoHttp } from "pino-http";

import { notes } from "./notes";

const app = express();
app.use(pinoHttp({ autoLogging: false }), helmet(), compression(), express.json());
app.use("/notes", notes);

// Tells one process from the next.
const boot = randomUUID();

app.get("/", (_request, response) => {
  response.json({ ok: true, boot });
});

const server = app.listen(Number(process.env.PORT ?? 5000), () => console.log("Listening"));

// The platform asks for an end with SIGTERM, and waits 30 seconds for it.
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
