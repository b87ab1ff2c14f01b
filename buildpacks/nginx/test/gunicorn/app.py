import time


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(2)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{path} over {environ['SERVER_SOFTWARE']} for {environ['HTTP_HOST']}\n".encode()]
