"""Runtimes and package managers from an npm registry.

    npm_registry.py resolve PACKAGE RANGE [CAP]             prints the newest version that fits
    npm_registry.py install PACKAGE VERSION DIRECTORY [SUB] unpacks it there, checked against its integrity; its
                                                            subdirectory SUB stays packed, as DIRECTORY/SUB.tar

With CAP, a range that would take a newer major version is answered from that major version.
The registry is $REGISTRY. A range is npm's: ^1.2, ~1.2, 1.x, >=1 <3, 1 - 2, a || b, or a dist-tag.
Exit status 3: nothing fits; 4: the registry does not answer.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request

REGISTRY = os.environ["REGISTRY"]
ABBREVIATED = "application/vnd.npm.install-v1+json"


def fetch(url, accept="*/*"):
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "buildpack-nodejs"})
    for attempt in range(3):
        try:
            return urllib.request.urlopen(request, timeout=60)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                raise
            failure = error
        except OSError as error:
            failure = error
        time.sleep(attempt)
    print(f"{url}: {failure}", file=sys.stderr)
    sys.exit(4)


def get_json(path, accept=ABBREVIATED):
    with fetch(f"{REGISTRY}/{path.replace('/', '%2f') if path.startswith('@') else path}", accept) as response:
        return json.load(response)


def version_of(text):
    match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)", text)
    return tuple(map(int, match.groups())) if match else None


def bounds(comparator):
    """The half-open interval [low, high) that one comparator means; None for what is no comparator."""
    match = re.fullmatch(r"(\^|~>?|>=|<=|>|<|=)?\s*v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:[-+].*)?", comparator)
    if not match:
        return None
    sign = (match[1] or "=").replace("~>", "~")
    parts = [int(part) if part and part.isdigit() else None for part in match.groups()[1:]]
    parts = parts[: parts.index(None)] if None in parts else parts
    low = tuple(parts + [0] * (3 - len(parts)))
    top = (1 << 60, 0, 0)

    def after(count):
        """The first version past all that share the first `count` numbers."""
        return top if count == 0 else low[: count - 1] + (low[count - 1] + 1,) + (0,) * (3 - count)

    if sign == "^":
        significant = next((i + 1 for i, part in enumerate(parts) if part), len(parts)) if parts else 0
        return low, after(significant)
    return {
        "~": (low, after(min(len(parts), 2))),
        "=": (low, after(len(parts))),
        ">=": (low, top),
        ">": (after(len(parts)), top),
        "<": ((0, 0, 0), low),
        "<=": ((0, 0, 0), after(len(parts))),
    }[sign]


def intervals(text):
    """A list of intervals, any of which a version must be in; None for what is no range."""
    result = []
    for part in text.split("||"):
        part = re.sub(r"(\S+)\s+-\s+(\S+)", r">=\1 <=\2", part.strip())
        part = re.sub(r"(\^|~>?|>=|<=|>|<|=)\s+", r"\1", part)
        low, high = (0, 0, 0), (1 << 60, 0, 0)
        for comparator in part.split():
            found = bounds(comparator)
            if found is None:
                return None
            low, high = max(low, found[0]), min(high, found[1])
        result.append((low, high))
    return result


def newest(versions, ranges):
    fitting = [v for v in versions if any(low <= v < high for low, high in ranges)]
    return max(fitting, default=None)


def resolve(package, text, cap):
    exact = version_of(text)
    if exact:
        print(".".join(map(str, exact)))
        return
    ranges = intervals(text)
    if ranges is None:
        tags = get_json(f"-/package/{package}/dist-tags", "application/json")
        if text not in tags:
            print(f"{text!r} is neither a version, a range nor a tag", file=sys.stderr)
            sys.exit(3)
        print(tags[text])
        return
    metadata = get_json(package)["versions"]
    versions = [v for v in map(version_of, metadata) if v]
    best = newest(versions, ranges)
    if best is None:
        majors = sorted({v[0] for v in versions})
        print(f"there are versions {majors[0]} to {majors[-1]}", file=sys.stderr)
        sys.exit(3)
    if cap and best[0] > int(cap):
        best = newest([v for v in versions if v[0] <= int(cap)], ranges) or best
    print(".".join(map(str, best)))


def install(package, version, directory, packed=None):
    try:
        dist = get_json(f"{package}/{version}", "application/json")["dist"]
    except urllib.error.HTTPError:
        sys.exit(3)
    # A registry that stands in for another one may still give that one's addresses.
    tarball = dist["tarball"].replace("https://registry.npmjs.org", REGISTRY)
    archive = directory + ".tgz"
    algorithm, expected = dist.get("integrity", "sha1-").split(" ")[0].split("-", 1)
    checksum = hashlib.new(algorithm)
    with fetch(tarball) as response, open(archive, "wb") as file:
        while chunk := response.read(1 << 20):
            checksum.update(chunk)
            file.write(chunk)
    found = base64.b64encode(checksum.digest()).decode() if expected else checksum.hexdigest()
    if found != (expected or dist["shasum"]):
        print(f"{tarball} is not what the registry says it is ({algorithm})", file=sys.stderr)
        sys.exit(4)
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    unpack = ["tar", "-xzf", archive, "--strip-components=1", "--no-same-owner", "-C", directory]
    subprocess.run(unpack + ([f"--exclude=*/{packed}"] if packed else []), check=True)
    if packed:
        keep_packed(archive, packed, f"{directory}/{packed}.tar")
    os.remove(archive)


def keep_packed(archive, subdirectory, target):
    with tarfile.open(archive) as source, tarfile.open(target, "w") as copy:
        for member in source:
            member.name = member.name.partition("/")[2]
            if member.isfile() and member.name.startswith(f"{subdirectory}/"):
                copy.addfile(member, source.extractfile(member))


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "resolve":
        resolve(arguments[0], arguments[1], arguments[2] if len(arguments) > 2 else "")
    else:
        install(*arguments)


if __name__ == "__main__":
    main()
