"""Answers with what the database says of the connections that this app has to it."""
import http.server, os, signal, sys

import psycopg2

# Many of the app's connections, few of the database's.
clients = [psycopg2.connect(os.environ["DATABASE_URL"]) for _ in range(10)]


def query(client, text):
    with client, client.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchone()[0]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        processes = {query(client, "select pg_backend_pid()") for client in clients}
        ssl = query(clients[0], "select ssl from pg_stat_ssl where pid = pg_backend_pid()")
        url = os.environ["DATABASE_URL"].rpartition("@")[2]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{len(clients)} clients, {len(processes)} servers, tls {ssl}, {url}\n".encode())


def stop(number, frame):
    # What an app does last: it still has its database, by a new connection, too.
    late = psycopg2.connect(os.environ["DATABASE_URL"])
    print("last words:", query(late, "select 'stored'"), flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
http.server.HTTPServer(("", int(os.environ.get("PORT", 5000))), Handler).serve_forever()
