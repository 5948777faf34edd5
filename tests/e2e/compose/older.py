"""Leaves out of a compose file what Debian's docker-compose (1.29) does not know, or says it the older way: `older.py compose.yaml`."""

import pathlib
import sys

from ruamel.yaml import YAML

path = pathlib.Path(sys.argv[1])
compose = YAML(typ="safe").load(path)
compose.pop("name")
for name in [name for name in compose if name.startswith("x-")]:
    compose.pop(name)
for service in compose["services"].values():
    service["pids_limit"] = service["deploy"]["resources"]["limits"].pop("pids")
with path.open("w") as file:
    YAML(typ="safe").dump(compose, file)
