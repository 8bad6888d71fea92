"""What the containers may do, looked at from where it shows: the kernel's word on each process, the machine's sockets.

Each function gives the lines of what is not as it should be; none where all is well.
"""

import ipaddress
import json
from collections.abc import Iterable
from pathlib import Path

import psutil

from deploy.compose.check.engine import Container, Engine


def privileges(engine: Engine, container: Container) -> list[str]:
    """Every process in the container: not root, no capability, none to be had by another program."""
    _, statuses = engine.try_inside(container, "sh", "-c", "cat /proc/[0-9]*/status 2>/dev/null")
    found: dict[str, list[str]] = {"Uid": [], "CapEff": [], "NoNewPrivs": []}
    for line in statuses.splitlines():
        name, _, value = line.partition(":")
        if name in found:
            found[name].append(value.split()[0])
    wrong = []
    if "0" in found["Uid"] or not found["Uid"]:
        wrong.append(f"{container.service}: users of its processes are {sorted(set(found['Uid'])) or 'not to be seen'}")
    if {int(bits, 16) for bits in found["CapEff"]} != {0}:
        wrong.append(f"{container.service}: its processes have capabilities")
    if {*found["NoNewPrivs"]} != {"1"}:
        wrong.append(f"{container.service}: its processes could gain privileges")
    return wrong


def root_filesystem(engine: Engine, container: Container) -> list[str]:
    """Nothing can be written outside the mounts, whoever tries."""
    code, said = engine.try_inside(container, "sh", "-c", "echo x >/portolano-check")
    if code != 0 and "Read-only file system" in said:
        return []
    return [f"{container.service}: its root filesystem can be written ({said.strip() or 'done'})"]


def limits(container: Container) -> list[str]:
    """Memory, processor, number of processes: each bounded."""
    host = container.told["HostConfig"]
    bounds = {"memory": host.get("Memory"), "cpus": host.get("NanoCpus"), "pids": host.get("PidsLimit")}
    return [f"{container.service}: {name} is not limited" for name, value in bounds.items() if not value or value < 0]


def secrets_told(containers: Iterable[Container], secrets: Path) -> list[str]:
    """Secrets are in files alone: not in what the engine tells of a container, its environment and command included."""
    known = {path: path.read_text().strip() for path in secrets.rglob("*") if path.is_file()}
    return [
        f"{container.service}: the engine tells {path.relative_to(secrets)}"
        for container in containers
        for path, text in known.items()
        if text in json.dumps(container.told)
    ]


def published(containers: Iterable[Container]) -> dict[int, str]:
    """Port on the machine → the address that the engine was told to bind it to."""
    return {
        int(binding["HostPort"]): str(binding["HostIp"])
        for container in containers
        for bindings in container.told["NetworkSettings"]["Ports"].values()
        for binding in bindings or ()
    }


def open_doors(containers: Iterable[Container]) -> list[str]:
    """What is published listens on loopback alone: by the engine's word, and by the machine's own table of sockets."""
    bound = published(containers)
    listening: dict[int, set[str]] = {port: set() for port in bound}
    for socket in psutil.net_connections("tcp"):
        if socket.status == psutil.CONN_LISTEN and socket.laddr and socket.laddr.port in bound:
            listening[socket.laddr.port].add(socket.laddr.ip)
    wrong = [f"port {port} is bound to {address or 'all'}" for port, address in bound.items() if not _loops(address)]
    for port, addresses in listening.items():
        if not addresses:
            wrong.append(f"nobody listens on port {port}")
        wrong += [f"port {port} listens on {address}" for address in addresses if not _loops(address)]
    return wrong


def ways_out(engine: Engine, container: Container) -> list[str]:
    """All its networks are internal, or let nothing out: it reaches the other parts and nothing else."""
    wrong = []
    for name in container.told["NetworkSettings"]["Networks"]:
        (network,) = json.loads(engine.docker("network", "inspect", name))
        masked = network["Options"].get("com.docker.network.bridge.enable_ip_masquerade")
        if not network["Internal"] and masked != "false":
            wrong.append(f"{container.service}: the network {name} has a way out")
    return wrong


def _loops(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
