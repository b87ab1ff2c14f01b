"""Lists the Debian packages of the image that it runs in, as CycloneDX JSON. The same packages give the same file."""

import json
import subprocess
from urllib.parse import quote

PATH = "/usr/share/paas/sbom.cdx.json"
FIELDS = "${db:Status-Abbrev}|${Package}|${Version}|${Architecture}|${source:Package}|${source:Version}\n"


def component(distro, package, version, architecture, source, source_version):
    qualifiers = f"arch={architecture}&distro={quote(distro)}"
    purl = f"pkg:deb/debian/{quote(package)}@{quote(version, safe=':~')}?{qualifiers}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package,
        "version": version,
        "purl": purl,
        # What Debian's security tracker speaks of.
        "properties": [
            {"name": "debian:source", "value": source},
            {"name": "debian:source-version", "value": source_version},
        ],
    }


def main():
    with open("/etc/os-release", encoding="utf-8") as file:
        release = dict(line.strip().replace('"', "").split("=", 1) for line in file if "=" in line)
    listed = subprocess.run(["dpkg-query", "--show", "--showformat", FIELDS], check=True, capture_output=True, text=True)
    rows = sorted(line.split("|") for line in listed.stdout.splitlines())
    installed = [row[1:] for row in rows if row[0].startswith("ii")]
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "operating-system", "name": release["ID"], "version": release["VERSION_ID"]}
        },
        "components": [component(f"{release['ID']}-{release['VERSION_ID']}", *row) for row in installed],
    }
    with open(PATH, "w", encoding="utf-8") as file:
        json.dump(bom, file, indent=1)
        file.write("\n")


main()
