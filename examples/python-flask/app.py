import os
import platform

from flask import Flask, render_template, request

app = Flask(__name__)


@app.get("/")
def home():
    return render_template(
        "home.html",
        address=request.host_url,
        dyno=os.environ.get("DYNO", "this machine"),
        python=platform.python_version(),
    )


@app.get("/healthz")
def healthz():
    return {"ok": True}
