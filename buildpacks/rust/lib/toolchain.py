"""What an app says about the Rust that it wants, for toolchain.sh.

Run in the app's root directory. Prints three lines: the file that names a toolchain, the toolchain as it is named there (a
version, `stable`, a full name), and the newest `rust-version` of the packages that are built. Each is empty where there is none.
Exit status 1: a file cannot be used, for the reason that is printed instead.
"""

import glob
import sys
import tomllib


def main():
    origin, asked = toolchain()
    print(origin, asked, least(), sep="\n")


def toolchain():
    # rustup: where both are, the older name counts.
    for name in ("rust-toolchain", "rust-toolchain.toml"):
        try:
            with open(name, encoding="utf-8") as file:
                text = file.read()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            fail(f"{name} cannot be read: {error}")
        # The older one may be just the name.
        if name == "rust-toolchain" and len(text.split()) == 1 and "=" not in text:
            return name, text.strip()
        table = parsed(name, text).get("toolchain")
        if not isinstance(table, dict):
            fail(f"{name} has no [toolchain] in it.")
        if "path" in table:
            fail(f"{name} names a toolchain by its path, which is not there in a build: give its channel.")
        channel = table.get("channel", "")
        if not isinstance(channel, str):
            fail(f"The channel in {name} is not a text.")
        return name, line(channel)
    return "", ""


def least():
    """Of the packages that `cargo build` builds here: the workspace's default members, or else all of them."""
    root = manifest("Cargo.toml")
    workspace = root.get("workspace") if isinstance(root.get("workspace"), dict) else {}
    inherited = table(workspace, "package").get("rust-version")
    found = [inherited, own(root, inherited)]
    excluded = {path for pattern in texts(workspace.get("exclude")) for path in glob.glob(pattern)}
    for pattern in texts(workspace.get("default-members")) or texts(workspace.get("members")):
        for member in sorted(set(glob.glob(pattern)) - excluded):
            try:
                found.append(own(manifest(f"{member}/Cargo.toml"), inherited))
            except OSError:
                # cargo will say so.
                continue
    versions = [version for version in found if isinstance(version, str) and is_version(version)]
    return max(versions, key=lambda version: [int(part) for part in version.split(".")], default="")


def own(package, inherited):
    version = table(package, "package").get("rust-version")
    return inherited if isinstance(version, dict) else version


def manifest(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return parsed(path, file.read())


def parsed(name, text):
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        fail(f"{name} is not valid TOML: {error}")


def table(parent, key):
    return parent[key] if isinstance(parent.get(key), dict) else {}


def texts(value):
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def is_version(text):
    return len(text) < 20 and all(part.isascii() and part.isdigit() for part in text.split("."))


def line(text):
    return " ".join(text.split())


def fail(reason):
    print(line(reason)[:300])
    sys.exit(1)


main()
