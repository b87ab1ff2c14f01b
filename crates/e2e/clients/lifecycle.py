"""The life of an app, by PyPI's heroku3 as it is published: made, configured, deployed, scaled, rolled back, destroyed.
Whoever starts this has aimed it by `eval "$(paas heroku:env)"`.

After each step it says what it has found as a line of JSON, and waits for a line until it goes on.
"""

import json
import os
import sys
import time

import heroku3
import requests

NAME, DOMAIN, DRAIN, BUILDPACK, *SOURCES = sys.argv[1:]


def main():
    session = requests.Session()
    session.verify = os.environ["NODE_EXTRA_CA_CERTS"]
    heroku3.api.HEROKU_URL = os.environ["HEROKU_HOST"]
    heroku = heroku3.from_key(os.environ["HEROKU_API_KEY"], session=session)

    app = heroku.create_app(NAME)
    app.update_buildpacks([BUILDPACK])
    config = app.update_config({"GREETING": "hello", "EXTRA": "x"})
    del config["EXTRA"]
    app.add_domain(DOMAIN, None)
    app.create_logdrain(DRAIN)
    step(
        "created",
        id=app.id,
        stack=app.stack.name,
        config=app.config().to_dict(),
        domains=[domain.hostname for domain in app.domains()],
        drains=[drain.url for drain in app.logdrains()],
        missing=missing(heroku),
    )

    first = deploy(heroku, app, SOURCES[0], "one")
    step("deployed", **first)

    formation = app.scale_formation_process("web", 2)
    dynos = until(app.dynos, lambda dynos: len([dyno for dyno in dynos if dyno.state == "up"]) == 2)
    step("scaled", quantity=formation.quantity, dynos=[dyno.name for dyno in dynos])

    step("deployed again", **deploy(heroku, app, SOURCES[1], "two"))

    rollback = app.rollback(first["release"])
    step(
        "rolled back",
        version=rollback.version,
        description=rollback.description,
        releases=len(app.releases()),
    )

    step("read the log", lines=app.get_log(lines=1500).rstrip("\n").split("\n"))

    app.delete()
    step("destroyed", id=app.id, apps=[app.name for app in heroku.apps()])


def deploy(heroku, app, file, version):
    """Uploads a source, builds it, and waits for the release."""
    # What heroku3 has no method for.
    blob = heroku._http_resource("POST", ("sources",)).json()["source_blob"]
    with open(file, "rb") as source:
        requests.put(blob["put_url"], data=source, verify=heroku._session.verify).raise_for_status()
    build = app.create_build(blob["get_url"], version=version)
    output = build.get()
    path = ("apps", app.name, "builds", build.id)
    done = until(lambda: heroku._http_resource("GET", path).json(), lambda build: build["status"] != "pending")
    return {"build": build.id, "status": done["status"], "output": output, "release": (done["release"] or {}).get("id")}


def missing(heroku):
    try:
        heroku.app("no-such-app")
    except requests.HTTPError as error:
        return f"{error.response.status_code} {error.response.json()['id']}"


def until(ask, is_enough):
    deadline = time.monotonic() + 90
    while not is_enough(found := ask()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"still not so: {found}")
        time.sleep(0.2)
    return found


def step(name, **found):
    print(json.dumps({"step": name, **found}), flush=True)
    sys.stdin.readline()


main()
