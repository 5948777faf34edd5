"""Checks a compose file as far as that goes without Docker: `check.py compose.yaml`.

Against the schema of compose files; that every name in it names something; that every service runs with as little as it
needs; and that the product's services are those that there are.
"""

import pathlib
import re
import subprocess
import sys

from ruamel.yaml import YAML

OURS = {"auth": 9091, "detection": 9092, "engine": 9093, "gateway": 9090, "notifications": 9094}

path = pathlib.Path(sys.argv[1])
subprocess.run(
    [sys.executable, "-m", "check_jsonschema", "--quiet", "--builtin-schema", "vendor.compose-spec", path], check=True
)
compose = YAML(typ="safe").load(path)
services = compose["services"]
faults = []


def expect(holds, fault):
    if not holds:
        faults.append(fault)


for kind in ["secrets", "volumes", "networks"]:
    declared = set(compose[kind])
    used = set()
    for service in services.values():
        for value in service.get(kind, []):
            used.add(value.split(":")[0])
    expect(declared == used, f"{kind}: declared {sorted(declared)}, used {sorted(used)}")

for name, service in services.items():
    expect("test" in service.get("healthcheck", {}), f"{name} has no health check")
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    expect({"cpus", "memory", "pids"} <= set(limits), f"{name} has no limits of cpus, memory and pids")
    expect(service.get("cap_drop") == ["ALL"], f"{name} keeps capabilities")
    expect("no-new-privileges:true" in service.get("security_opt", []), f"{name} may gain rights")
    expect(not service.get("privileged"), f"{name} is privileged")
    expect("ports" not in service or name == "gateway", f"{name} is reached from outside")
    tag = re.search(r"\$\{[A-Z0-9_]+:-[^}]*:([^}]+)\}$", service["image"])
    expect(tag and (tag[1] != "latest" or name in OURS), f"{name}: the image is not replaceable, or of no version")
    for other in service.get("depends_on", {}):
        expect(other in services, f"{name} waits for {other}, which there is not")
    for variable, value in service.get("environment", {}).items():
        secret = re.fullmatch(r"/run/secrets/(\w+)", str(value))
        expect(not secret or secret[1] in service.get("secrets", []), f"{name}: {variable} names a secret it has not")
        is_open = re.search(r"PASSWORD|SECRET_ACCESS_KEY", variable) and not variable.endswith("_FILE")
        expect(not is_open, f"{name}: {variable} holds a secret")
        host = re.match(r"\w+://([a-z0-9]+)[:/]", str(value))
        expect(not host or host[1] in services or host[1] == "localhost", f"{name}: {variable} names no service")

expect(compose["networks"]["inner"].get("internal") is True, "the inner network is open")
for name, admin_port in OURS.items():
    service = services.get(name, {})
    command = service.get("command", [])
    expect(command[:2] == ["serve", name], f"{name} does not serve {name}")
    expect(f"0.0.0.0:{admin_port}" in command, f"{name} is not asked for its health on {admin_port}")
    expect(service.get("healthcheck", {}).get("test") == ["CMD", "healthy", str(admin_port)], f"{name}: its health check")
    expect(service.get("read_only") is True, f"{name} may write to its root")

for fault in faults:
    print(f"{path}: {fault}", file=sys.stderr)
sys.exit(1 if faults else 0)
