"""gunicorn reads this file by itself. nginx stands in front of it, in the same dyno."""

from pathlib import Path

bind = "unix:/tmp/nginx.socket"


def when_ready(server):
    """nginx starts to listen once this file is there."""
    Path("/tmp/app-initialized").touch()
