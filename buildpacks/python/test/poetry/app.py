import platform

from flask import Flask

app = Flask(__name__)


@app.get("/")
def home():
    return {"python": platform.python_version(), "greeting": "hello"}
