import http.server, os, subprocess

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = subprocess.check_output(["./version"]) + subprocess.check_output(["hello"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

http.server.HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
