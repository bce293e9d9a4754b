#!/usr/bin/env python3
"""Writes what the server is built from as CycloneDX 1.5: every crate with version, licence, origin and hash, and what
needs what. It says what `cargo metadata` and Cargo.lock say, for the platform that it is run on."""

import json
import pathlib
import subprocess
import sys
import tomllib

SERVER = "tidings-server"


def main() -> None:
    root = pathlib.Path(__file__).resolve().parent.parent
    rustc = subprocess.run(["rustc", "-vV"], cwd=root, check=True, capture_output=True, text=True).stdout
    host = next(line.split(": ")[1] for line in rustc.splitlines() if line.startswith("host: "))
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", host]
    graph = json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout)
    packages = {package["id"]: package for package in graph["packages"]}
    nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
    server = next(one for one in packages.values() if one["name"] == SERVER)

    needs: dict[str, list[str]] = {}
    waiting = [server["id"]]
    while waiting:
        at = waiting.pop()
        if at not in needs:
            needs[at] = [dep["pkg"] for dep in nodes[at]["deps"] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])]
            waiting += needs[at]

    lock = tomllib.loads((root / "Cargo.lock").read_text())
    hashes = {(one["name"], one["version"]): one.get("checksum") for one in lock["package"]}
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(server, hashes)},
        "components": sorted(
            (component(packages[at], hashes) for at in needs if at != server["id"]), key=lambda one: one["bom-ref"]
        ),
        "dependencies": sorted(
            ({"ref": purl(packages[at]), "dependsOn": sorted({purl(packages[to]) for to in all})} for at, all in needs.items()),
            key=lambda one: one["ref"],
        ),
    }
    out = pathlib.Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(document, indent=1) + "\n")
    print(f"{out}: {len(document['components'])} crates")


def purl(package: dict) -> str:
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package: dict, hashes: dict) -> dict:
    made = {
        "type": "application" if package["name"] == SERVER else "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "purl": purl(package),
    }
    if package["license"]:
        made["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = hashes.get((package["name"], package["version"]))
    if checksum:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


main()
