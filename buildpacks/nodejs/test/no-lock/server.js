const http = require("http");

http.createServer((request, response) => response.end(JSON.stringify(report()))).listen(process.env.PORT);

function report() {
  return { node: process.versions.node, greeting: greeting() };
}

function greeting() {
  return require("ms")("2 days") === 172800000 ? "hello" : "what?";
}
