"""What `make build` checks before anything changes."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from docker.errors import APIError

from host import folders, misspelt, tls_pair, volumes
from host.engine import COMPOSE_PROJECT, Host
from host.generate import models
from host.secrets import SERVERS_CA
from hub import paths
from hub.errors import DOT_ENV, FileError, OperatorError
from hub.profiles import profiles
from hub.settings import folders as shared
from hub.settings.gpus import device_requests
from hub.settings.model import is_secret, setting_of
from hub.users import userlist

GPU_CURE = (
    "install NVIDIA's container toolkit on the Docker host, then: "
    "nvidia-ctk runtime configure --runtime=docker && systemctl restart docker"
)
# What is in every file of a format.
PICTURES = {"PNG": b"\x89PNG\r\n\x1a\n", "SVG": b"<svg"}


def settings_and_files(host: Host) -> Iterator[str]:
    """Read everything that the operator has written; yield a sentence for what works, but should not stay as it is.

    Raises:
        OperatorError: something cannot be used.
    """
    host.checkout.refuse_links()
    found = host.found
    yield from found.warnings(host.checkout.environment)
    yield from committed((host.checkout.root / DOT_ENV).read_text())
    yield from misspelt.warnings(host.checkout.root)
    groups = userlist.groups_of(found.members.values()).keys()
    yield from profiles.warnings(found.profiles, groups)
    if found.folders:
        yield from shared.warnings((host.checkout.root / shared.FILENAME).read_bytes(), found.members)
    authorities(host.checkout.root / "secrets" / "ca.crt")
    for_servers = host.checkout.root / SERVERS_CA
    if for_servers.exists() and for_servers.read_bytes().strip():  # an empty one is a choice: none
        authorities(for_servers)
    logo([host.checkout.root / path.name for path in paths.LOGOS])
    for path in sorted((host.checkout.root / "jupyterhub_config.d").glob("*.py")):
        syntax(path)


def docker_host(host: Host) -> None:
    """See that the Docker host has what the settings name.

    Raises:
        OperatorError: it has not.
    """
    if limit := host.found.hub.disk_limit:
        can_limit_volumes(host, limit)
    folders.check(host)
    for overlay in host.found.overlays:
        overlay.check(host)


def gpus(host: Host) -> Iterator[tuple[str, str]]:
    """Try whether the Engine starts a container with what GPUS or a profile asks for.

    Yields:
        What is asked for, and why the Engine cannot; empty where it can.
    """
    for asked in profiles.gpus(host.found.profiles, host.found.hub.gpus):
        done = host.run(host.image, ["true"], entrypoint="", device_requests=device_requests(asked))
        refusal = f"the Engine cannot give a server the GPUs {asked}: {done.last_words}"
        yield asked, refusal if done.code else ""


def names(host: Host) -> list[str]:
    """The host names, or IP addresses, that the TLS pair has to be for; with subdomains for users, a wildcard, too."""
    found = host.found
    if found.host.tls == "off":
        return []
    name = urlsplit(found.hub.jupyterhub_subdomain_host).hostname
    subdomains = [name, f"*.{name}"] if name else []
    return list(dict.fromkeys([*subdomains, *([found.public_host] if found.host.public_host else [])]))


def pair(host: Host) -> list[str]:
    """Check the TLS pair: see `tls_pair.check`, and then ask the proxy's own program, which reads less than others.

    Returns:
        A sentence for everything that works, but not for long or not for everyone.

    Raises:
        OperatorError: it cannot be used.
    """
    secrets = host.checkout.root / "secrets"
    warnings = tls_pair.check(secrets, names(host))
    files = tls_pair.find(secrets)
    inside = {f"/{path.name}": path.read_bytes() for path in files}
    done = host.run(host.proxy_base, ["node", "pair.js", *inside], files=inside, user="root")
    return warnings + tls_pair.judge(files[0], done.out)


def committed(lines: str) -> Iterator[str]:
    """Yield a warning for every secret in the text of `.env`, a file that is meant to be committed."""
    files = {
        name.upper(): setting_of(model, name).file
        for model in models()
        for name in model.model_fields
        if is_secret(model, name) and not setting_of(model, name).secret  # that one may have secrets in it, or none
    }
    for name in re.findall(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=[ \t]*[^\s#]", lines, re.MULTILINE):
        if files.get(name, DOT_ENV) != DOT_ENV:
            yield f"{name} is a secret, and .env is a file to commit. Fix: move the line to {files[name]}."


def authorities(path: Path) -> None:
    """Check that a file of secrets/, which may be missing, has certificates in PEM and no key.

    Raises:
        OperatorError: it has not.
    """
    if not path.exists():
        return
    name, pem = f"secrets/{path.name}", path.read_text(errors="replace")
    if "PRIVATE KEY-----" in pem:
        raise OperatorError(f"{name} has a private key in it", "leave only certificates in it")
    try:
        ssl.create_default_context(cadata=pem or "empty")
    except (ssl.SSLError, ValueError) as error:
        raise OperatorError(f"{name} cannot be used ({error})", "copy certificates in PEM into it") from None


def logo(places: list[Path]) -> None:
    """Check the logo, which may be missing.

    Raises:
        OperatorError: there are two, or it is not what its name says.
    """
    found = [path for path in places if path.exists()]
    if len(found) > 1:
        raise OperatorError("there are two logos, logo.svg and logo.png", "remove one of them")
    for path in found:
        kind = path.suffix[1:].upper()
        if PICTURES[kind] not in path.read_bytes():
            raise OperatorError(f"{path.name} is not a picture in the format {kind}", "replace it, or remove it")


def syntax(path: Path) -> None:
    """Check that a file of jupyterhub_config.d/ is Python.

    Raises:
        FileError: with the line that is not.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        compile(path.read_bytes(), name, "exec")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise FileError(name, [f"{name}:{line}: {getattr(error, 'msg', error)}."]) from None


def can_limit_volumes(host: Host, size: int) -> None:
    """See that the Engine can limit what a volume holds: it says so only when it makes one.

    Raises:
        OperatorError: it cannot.
    """
    try:
        host.client.volumes.create(
            driver="local", driver_opts={"size": str(size)}, labels={COMPOSE_PROJECT: host.project}
        ).remove()
    except APIError as error:
        raise OperatorError(
            f"DISK_LIMIT={volumes.human(size)}: this Docker Engine cannot limit how much a volume holds: "
            f"{error.explanation}",
            f"put {host.client.info()['DockerRootDir']} on XFS mounted with pquota or ext4 mounted with prjquota "
            "(docs/limits.md), or set DISK_LIMIT=0",
        ) from None
