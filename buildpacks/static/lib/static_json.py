"""static_json.py CONFIG <static.json: writes nginx's configuration, with the tags of ERB where the dyno's environment counts.

What each key means is heroku-buildpack-static's. A request is answered by the first of these that there is: a file, with
`clean_urls` the file with .html added, a backend of `proxies`, one of `redirects`, one of `routes`, the error page.
"""

import json
import re
import sys

KEYS = {
    "root", "clean_urls", "https_only", "error_page", "routes", "redirects", "headers", "proxies", "encoding",
    "canonical_host", "basic_auth", "logging",
}
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def main():
    try:
        settings = json.load(sys.stdin)
    except ValueError as error:
        fail(f"static.json is no JSON: {error}.")
    if not isinstance(settings, dict):
        fail("static.json is not an object.")
    for key in sorted(settings.keys() - KEYS):
        print(f" !     Warning: static.json has \"{key[:50]}\", which is not known here.")
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(configuration(settings))


def configuration(settings):
    http, server = [], []
    root = text(settings, "root", "public_html/").strip("/") or "."
    if ".." in root.split("/"):
        fail("root must be a directory of the app.")
    clean = flag(settings, "clean_urls")
    files = "$uri.html $uri $uri/" if clean else "$uri $uri/"

    server.append(f"root {quote(root)};")
    # The app's own, where the site is all of it.
    server.append(r'location ~ "/\.(?!well-known/)" { return 404; }')
    server.append(f"charset {quote(text(settings, 'encoding', 'UTF-8'))};")
    error_page = text(settings, "error_page", "")
    if error_page:
        server.append(f"error_page 404 500 {quote('/' + error_page.lstrip('/'))};")
    if flag(settings, "basic_auth"):
        server += ['auth_basic "Restricted";', "auth_basic_user_file htpasswd;"]
    if flag(settings, "https_only"):
        server.append('if ($http_x_forwarded_proto != "https") { return 301 https://$host$request_uri; }')
    host = text(settings, "canonical_host", "")
    if host:
        http.append(f"map $host $canonical_host {{ default {quote(interpolate(host))}; }}")
        http.append(f"map $host $canonical {{ default 0; {quote(interpolate(host))} 1; }}")
        http.append('map $http_x_forwarded_proto $canonical_scheme { default http; https https; }')
        server.append(f"if ($canonical = 0) {{ return 301 $canonical_scheme://$canonical_host$request_uri; }}")

    add_headers(settings, http, server)
    # A location is chosen before files are looked at; so each of them looks at files first.
    for number, (path, target) in enumerate(entries(settings, "redirects")):
        target = {"url": target} if isinstance(target, str) else target
        if not isinstance(target, dict) or not isinstance(target.get("url"), str):
            fail(f'redirects: {path} needs a "url".')
        status = target.get("status", 301)
        if status not in (301, 302, 303, 307, 308):
            fail(f"redirects: {path} has the status {status}; it must be 301, 302, 303, 307 or 308.")
        server.append(f"location = {quote(path)} {{ try_files {files} @redirect{number}; }}")
        server.append(f"location @redirect{number} {{ return {status} {quote(interpolate(target['url']))}; }}")
    for number, (path, target) in enumerate(entries(settings, "proxies")):
        server += proxy(number, path, target, files)
    for path, target in entries(settings, "routes"):
        excepted = None
        if isinstance(target, dict):
            excepted, target = target.get("except"), target.get("path")
        if not isinstance(target, str):
            fail(f"routes: {path} needs the path of a file.")
        pattern = to_regex(path)
        if isinstance(excepted, str):
            pattern = f"(?!{to_regex(excepted)}$){pattern}"
        found = quote("/" + target.lstrip("/"))
        server.append(f'location ~ "^{escape(pattern)}$" {{ try_files {files} {found} =404; }}')
    server.append(f"location / {{ try_files {files} =404; }}")

    logging = settings.get("logging") if isinstance(settings.get("logging"), dict) else {}
    access = "off" if logging.get("access") is False else "/dev/stdout site"
    level = logging.get("error", "error")
    if level not in ("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"):
        fail("logging: error must be the name of a level, such as error.")
    return TEMPLATE.format(
        access=access, level=level, http="\n  ".join(http), server="\n    ".join(server)
    )


def add_headers(settings, http, server):
    """For each header one map from the path to its value. Later rules win, and a map takes the first that fits."""
    rules = {}
    for path, headers in entries(settings, "headers"):
        if not isinstance(headers, dict):
            fail(f"headers: {path} must have an object of headers.")
        for name, value in headers.items():
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not isinstance(value, str):
                fail(f"headers: {path} has a header that is none: {name[:50]}.")
            rules.setdefault(name.lower(), (name, []))[1].append((to_regex(path), value))
    if rules:
        http.append('map $request_uri $path_asked { "~^(?<asked>[^?]*)" $asked; }')
    for number, (name, patterns) in enumerate(rules.values()):
        lines = [f'"~^{escape(pattern)}$" {quote(interpolate(value))};' for pattern, value in reversed(patterns)]
        http.append(f'map $path_asked $header{number} {{ default ""; {" ".join(lines)} }}')
        server.append(f"add_header {name} $header{number} always;")


def proxy(number, path, target, files):
    origin = target.get("origin") if isinstance(target, dict) else None
    if not isinstance(origin, str) or not re.fullmatch(r"(?:https?://|\$\{[A-Za-z0-9_]+\}).*", origin):
        fail(f'proxies: {path} needs an "origin", such as https://api.example.com/.')
    prefix = path.rstrip("/")
    return [
        f"location ^~ {quote(prefix + '/')} {{ try_files {files} @proxy{number}; }}",
        # Where the path of the origin begins is known in the dyno only: a config var may hold some of it.
        f'location @proxy{number} {{ set $origin{number} {quote(interpolate(origin))}; set $inner{number} ""; '
        f'if ($origin{number} ~ "^(https?://[^/]+)(/.*[^/])?/*$") {{ set $origin{number} $1; set $inner{number} $2; }} '
        f'rewrite "(?s)^{escape(re.escape(prefix))}/?(.*)$" "${{inner{number}}}/$1" break; '
        f"resolver <%= ENV['STATIC_RESOLVER'] %>; proxy_ssl_server_name on; proxy_http_version 1.1; "
        f"proxy_pass $origin{number}; }}",
    ]


def entries(settings, key):
    value = settings.get(key) or {}
    if not isinstance(value, dict):
        fail(f"{key} must be an object.")
    for path in value:
        plain(path)
        if not path.startswith("/"):
            fail(f"{key}: {path[:100]} must begin with a slash.")
    return list(value.items())


def text(settings, key, default):
    value = settings.get(key)
    if value is None:
        return default
    if not isinstance(value, str):
        fail(f"{key} must be a string.")
    return plain(value)


def flag(settings, key):
    value = settings.get(key)
    if value not in (None, True, False):
        fail(f"{key} must be true or false.")
    return bool(value)


def plain(value):
    if re.search(r"[\x00-\x1f\x7f]", value):
        fail("static.json has a control character in a value.")
    return value


def to_regex(path):
    """`**` is anything, `*` anything within one segment."""
    parts = re.split(r"(\*\*|\*)", plain(path))
    return "".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts)


def escape(value):
    """For between nginx's quotes, where a backslash is one unless a quote or another follows it."""
    return value.replace('"', '\\"')


def quote(value):
    """A string of nginx's: no variables of its own in it, but ours."""
    value = plain(value)
    tags = re.split(r"(<%=.*?%>)", value)
    for index in range(0, len(tags), 2):
        tags[index] = tags[index].replace("\\", "\\\\").replace('"', '\\"').replace("$", "${dollar}")
    return '"' + "".join(tags) + '"'


def interpolate(value):
    """${NAME} is the dyno's config var."""
    if "<%" in value:
        fail("static.json has <% in a value.")
    return VARIABLE.sub(lambda found: f"<%= ENV['{found[1]}'] %>", plain(value))


def fail(message):
    print(f"\n !     Error: {message}\n")
    sys.exit(1)


TEMPLATE = """daemon off;
worker_processes <%= ENV['NGINX_WORKERS'] || 2 %>;
error_log /dev/stderr {level};

events {{
  worker_connections <%= ENV['WORKER_CONNECTIONS'] || 512 %>;
}}

http {{
  include mime.types;
  default_type application/octet-stream;
  sendfile on;
  server_tokens off;
  port_in_redirect off;
  absolute_redirect off;
  keepalive_timeout 5;
  client_body_timeout 5;
  gzip on;
  gzip_comp_level 6;
  gzip_min_length 512;
  gzip_proxied any;
  gzip_vary on;
  gzip_types application/javascript application/json application/manifest+json application/xml image/svg+xml text/css text/javascript text/plain text/xml;
  log_format site '$request_method $request_uri $status $body_bytes_sent request_id=$http_x_request_id';
  access_log {access};
  map_hash_bucket_size 256;
  geo $dollar {{ default "$"; }}
  {http}

  server {{
    listen <%= ENV['PORT'] %>;
    server_name _;
    {server}
  }}
}}
"""

main()
