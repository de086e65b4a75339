"""The containers and images themselves: what may do what, and what is in which image."""

import json
import re
import subprocess
import tarfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
import requests
from testinfra.host import Host

from support.deployment import PREFIX, Deployment
from support.servers import inspected, running

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
# A comment in front: the real bundle has to stay usable.
MARKER = "jupyterhub test marker of the CA bundle"
# What the build steps that see the bundle depend on, and an addition that means nothing.
USES_CA_BUNDLE = {
    "hub/requirements.txt": "# test\n",
    "singleuser/requirements.txt": "# test\n",
    "proxy/package.json": "\n",
}
LISTED = "somebodywhoislisted"
MEGABYTE = 1024**2
GZIP = b"\x1f\x8b"
# Everything that these programs import, and whether its compiled file is there and fits.
IMPORTS = {
    "hub": (
        "jupyterhub.app, dockerspawner, nativeauthenticator, jupyterhub_idle_culler, hub.servers.spawner, "
        "sqlite3, asyncio"
    ),
    "user": "jupyterhub.singleuser, jupyterlab.labapp, notebook.app, asyncio, json",
    "kernel": "ipykernel.kernelapp, IPython, asyncio, json",
}
NOT_COMPILED = """
import pathlib, sys, {imports}
def fits(module):
    compiled, source = pathlib.Path(module.__cached__), pathlib.Path(module.__file__)
    if not compiled.exists():
        return False
    header = compiled.read_bytes()[:16]
    flags, changed = (int.from_bytes(header[at:at + 4], "little") for at in (4, 8))
    return flags or changed == int(source.stat().st_mtime)
modules = [module for module in list(sys.modules.values()) if getattr(module, "__cached__", None)]
print(len(modules), *(module.__name__ for module in modules if not fits(module)))
"""
LIMITS = Path(__file__).parents[1] / "support" / "proxy_limits.mjs"
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 8001), timeout=3)
except OSError as error:
    print(type(error).__name__)
else:
    print("connected")
"""

type MakeDeployment = Callable[..., Deployment]
type ContainerHost = Callable[[str], Host]
SERVICES = pytest.mark.parametrize("service", ["hub", "proxy"])


@pytest.fixture(scope="module")
def server(deployment: Deployment, token: str) -> Iterator[str]:
    """The container of alice's running server."""
    with running(deployment, "alice", token) as container:
        yield container


def container_of(deployment: Deployment, service: str) -> str:
    return deployment.project if service == "hub" else f"{deployment.project}-{service}"


def image_of(deployment: Deployment, kind: str) -> str:
    return deployment.project + {"hub": "-hub:6.1.1", "proxy": "-proxy:5.3.0", "user": "-user", "host": "-host"}[kind]


# --- What hub and proxy may do ---


@SERVICES
def test_the_process_has_no_rights(deployment: Deployment, container_host: ContainerHost, service: str) -> None:
    host = container_host(container_of(deployment, service))
    assert host.file("/proc/1/cmdline").content_string.startswith("/sbin/docker-init\0")
    child = host.check_output("cat /proc/1/task/1/children").split()[0]
    status = dict(re.findall(r"^(\w+):\s*(.*)$", host.file(f"/proc/{child}/status").content_string, re.MULTILINE))
    assert status["Uid"].split() == ["1000"] * 4
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


@SERVICES
def test_the_root_file_system_is_read_only(deployment: Deployment, container_host: ContainerHost, service: str) -> None:
    host = container_host(container_of(deployment, service))
    writable = {"hub": "/data", "proxy": "/dev/shm"}[service]
    assert host.run(f"touch {writable}/of-a-test && rm {writable}/of-a-test").rc == 0
    as_root = deployment.docker("exec", "--user=root", container_of(deployment, service), "touch", "/x", check=False)
    assert "Read-only file system" in as_root.stderr


@SERVICES
def test_how_the_container_is_run(deployment: Deployment, service: str) -> None:
    state = inspected(deployment, container_of(deployment, service))
    host = state["HostConfig"]
    assert state["State"]["Health"]["Status"] == "healthy"
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"] == {"Type": "local", "Config": {"max-size": "10m", "max-file": "3"}}
    assert host["Privileged"] is False
    assert re.search(r":\d+\.\d+\.\d+$", state["Config"]["Image"])


def test_only_the_hub_has_the_engines_socket(deployment: Deployment, server: str) -> None:
    containers = [container_of(deployment, "hub"), container_of(deployment, "proxy"), server]
    mounts = {name: [mount["Destination"] for mount in inspected(deployment, name)["Mounts"]] for name in containers}
    assert [name for name, where in mounts.items() if "/var/run/docker.sock" in where] == [deployment.project]
    assert sorted(mounts[deployment.project]) == ["/data", "/var/run/docker.sock"]
    assert mounts[f"{deployment.project}-proxy"] == []


# --- The networks ---


def test_only_the_proxy_publishes_ports(deployment: Deployment, server: str) -> None:
    names = deployment.docker(
        "ps", "--filter", f"network={deployment.settings['DOCKER_NETWORK_NAME']}", "--format", "{{.Names}}"
    ).stdout.split()
    assert {deployment.project, f"{deployment.project}-proxy", server} <= set(names)
    published = {name: inspected(deployment, name)["NetworkSettings"]["Ports"] for name in names}
    given = {name: {port for port, where in ports.items() if where} for name, ports in published.items()}
    assert {name: ports for name, ports in given.items() if ports} == {
        f"{deployment.project}-proxy": {"8443/tcp", "8080/tcp"}
    }


def test_the_control_network_leads_nowhere(deployment: Deployment) -> None:
    network = inspected(deployment, f"{deployment.project}_control")
    assert network["Internal"] is True
    assert sorted(container["Name"] for container in network["Containers"].values()) == [
        deployment.project,
        f"{deployment.project}-proxy",
    ]


def test_users_cannot_reach_the_proxys_api(deployment: Deployment, server: str) -> None:
    networks = inspected(deployment, f"{deployment.project}-proxy")["NetworkSettings"]["Networks"]
    addresses = ["proxy-api", f"{deployment.project}-proxy", *(network["IPAddress"] for network in networks.values())]
    assert len(addresses) == 4
    for address in addresses:
        seen = deployment.docker("exec", server, "python", "-c", CONNECT, address).stdout
        assert seen.strip() in ("gaierror", "ConnectionRefusedError", "TimeoutError", "OSError"), address
    # The same from the hub, so that the above proves something.
    assert deployment.hub_exec("python", "-c", CONNECT, "proxy-api") == "connected\n"


def test_the_proxys_api_wants_its_token(deployment: Deployment) -> None:
    ask = "import requests; print(requests.get('http://proxy-api:8001/api/routes').status_code)"
    assert deployment.hub_exec("python", "-c", ask) == "403\n"


def test_the_proxy_answers_at_the_published_ports(deployment: Deployment) -> None:
    http = f"http://127.0.0.1:{deployment.settings['HTTP_PORT']}/hub/login"
    response = requests.get(http, allow_redirects=False, timeout=10)
    assert response.status_code in (301, 302)
    assert response.headers["Location"] == f"{deployment.url}/hub/login"


# --- The proxy's limits and logs ---


@pytest.fixture(scope="module")
def limits(deployment: Deployment) -> dict[str, list]:
    """What clients of the proxy see with short limits: the first line, the body, and whether the connection ended."""
    command = ("run", "--rm", "--interactive", "--network=none", image_of(deployment, "proxy"))
    done = deployment.docker(*command, "node", "--input-type=module", "-", stdin=LIMITS.read_text())
    return json.loads(done.stdout)


TIMED_OUT = "HTTP/1.1 408 Request Timeout"


@pytest.mark.parametrize(
    ("case", "line", "body"),
    [
        ("Node's limit", TIMED_OUT, ""),
        ("our limit in its place", "HTTP/1.1 200 OK", ""),
        ("a slow upload", "HTTP/1.1 200 OK", "50"),
        ("a slow answer", "HTTP/1.1 200 OK", "5"),
        ("an upload that stands still", TIMED_OUT, ""),
        ("a head that never ends", TIMED_OUT, ""),
        ("an answer that breaks off", "HTTP/1.1 200 OK", "4\r\nhalf\r\n"),
        ("a websocket that breaks off", "HTTP/1.1 101 Switching Protocols", ""),
        ("a websocket to nowhere", "HTTP/1.1 503 Service Unavailable", ""),
    ],
)
def test_what_makes_progress_is_not_ended(limits: dict[str, list], case: str, line: str, body: str) -> None:
    assert limits[case] == [line, body, "ended"]


def test_the_limits_in_use(limits: dict[str, list]) -> None:
    """None for a whole request, and a minute for its head."""
    assert limits["in use"] == [0, 60_000]


def test_the_logs_have_what_happens_and_not_how_the_parts_ask_each_other(deployment: Deployment, server: str) -> None:
    deployment.hub_exec("python", "-m", "hub.health")
    assert "Truncated user list" not in deployment.logs("hub")
    api = [line for line in deployment.logs("proxy").splitlines() if "/api/routes" in line]
    assert [line for line in api if "POST /api/routes/user/alice" in line], f"the route to {server} is not in the log"
    assert [line for line in api if "200 GET /api/routes" in line] == []


# --- The images ---


@pytest.fixture(scope="module")
def built(make_deployment: MakeDeployment, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A deployment whose images are built with a CA bundle of ours; it is not started."""
    bundle = tmp_path_factory.mktemp("bundle") / "ca.crt"
    bundle.write_text(f"# {MARKER}\n{CA_BUNDLE.read_text()}")
    deployment = make_deployment(f"{PREFIX}images", CA_BUNDLE=str(bundle))
    deployment.write("userlist", f"admin admin\n{LISTED}\n")
    # Layers that the build cache has from another bundle would prove nothing.
    for path, addition in USES_CA_BUNDLE.items():
        deployment.write(path, (deployment.root / path).read_text() + addition)
    deployment.make("build")
    return deployment


@pytest.fixture(scope="module")
def findings(built: Deployment) -> dict[str, list[str]]:
    """Where each of some texts is found: `image: file`, in every layer and in the images' own descriptions."""
    secrets = {path.name: path.read_text() for path in (built.root / "secrets").iterdir() if path.is_file()}
    tokens = dict(line.split("=") for line in (secrets["proxy.env"] + secrets["hub.env"]).split())
    needles = {
        "CA bundle": MARKER,
        "key": secrets["jupyterhub.key"].splitlines()[1],
        "certificate": secrets["jupyterhub.crt"].splitlines()[1],
        "proxy token": tokens["CONFIGPROXY_AUTH_TOKEN"],
        "health token": tokens["JUPYTERHUB_HEALTH_TOKEN"],
        "crypt key": tokens["JUPYTERHUB_CRYPT_KEY"],
        "userlist": LISTED,
        "hub code": "class HubDockerSpawner",
    }
    found = defaultdict(list)
    for kind in ("hub", "proxy", "user", "host"):
        for path, content in files_of(image_of(built, kind)):
            if path.startswith("run/secrets/"):
                found["mounted secret"].append(f"{kind}: {path}")
            for name, needle in needles.items():
                if needle.encode() in content:
                    found[name].append(f"{kind}: {path}")
    return found


def files_of(image: str) -> Iterator[tuple[str, bytes]]:
    """Every file of every layer of an image, also those that a later layer hides, and the image's description."""
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as save:
        assert save.stdout
        with tarfile.open(fileobj=save.stdout, mode="r|") as archive:
            for member in archive:
                if file := archive.extractfile(member):
                    yield from files_in(member.name, file)
        save.stdout.read()  # the padding after the last file
    assert save.returncode == 0


def files_in(blob: str, stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """The files of a layer; anything else is one file by itself."""
    start = stream.peek(512)
    if start[:2] != GZIP and start[257:262] != b"ustar":
        yield blob, stream.read()
        return
    with tarfile.open(fileobj=stream, mode="r|*") as layer:
        for member in layer:
            content = layer.extractfile(member) if member.isfile() else None
            yield member.name, content.read() if content else b""


def test_the_key_is_in_the_proxys_image_alone(findings: dict[str, list[str]]) -> None:
    assert findings["key"] == ["proxy: srv/proxy/jupyterhub.key"]
    assert findings["certificate"] == ["proxy: srv/proxy/jupyterhub.crt"]


def test_only_the_proxys_user_can_read_the_key(deployment: Deployment, container_host: ContainerHost) -> None:
    key = container_host(f"{deployment.project}-proxy").file("/srv/proxy/jupyterhub.key")
    assert (key.user, key.group, oct(key.mode)) == ("jupyterhub", "jupyterhub", "0o400")


def test_the_userlist_and_the_hubs_code_are_where_they_belong(findings: dict[str, list[str]]) -> None:
    assert findings["userlist"] == ["hub: srv/jupyterhub/userlist"]
    assert "hub: srv/jupyterhub/hub/servers/spawner.py" in findings["hub code"]
    assert all(place.startswith(("hub: ", "host: ")) for place in findings["hub code"])


def test_the_ca_bundle_is_in_no_layer(findings: dict[str, list[str]]) -> None:
    assert (findings["CA bundle"], findings["mounted secret"]) == ([], [])


def test_no_token_is_in_an_image(findings: dict[str, list[str]]) -> None:
    assert [findings[name] for name in ("proxy token", "health token", "crypt key")] == [[], [], []]


@pytest.mark.parametrize(
    ("kind", "image", "python"),
    [("hub", "hub", "python"), ("user", "user", "/opt/jupyter/bin/python"), ("kernel", "user", "python")],
)
def test_everything_python_imports_is_compiled(deployment: Deployment, kind: str, image: str, python: str) -> None:
    code = NOT_COMPILED.format(imports=IMPORTS[kind])
    command = ("run", "--rm", "--network=none", "--env=PYTHONDONTWRITEBYTECODE=1", image_of(deployment, image))
    count, *missing = deployment.docker(*command, python, "-c", code).stdout.split()
    assert int(count) > 300
    assert missing == []


def test_hub_and_proxy_are_small(deployment: Deployment) -> None:
    sizes = [inspected(deployment, image_of(deployment, kind))["Size"] for kind in ("hub", "proxy")]
    assert sum(sizes) < 600 * MEGABYTE
