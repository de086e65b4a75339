"""The types of settings: what each accepts, and what it makes of it."""

import re
import shlex
from ipaddress import ip_address, ip_network
from string import Formatter
from typing import Annotated
from urllib.parse import urlsplit

from jupyterhub.traitlets import ByteSpecification
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from hub.urls import with_slashes

# The least that the Engine takes; a smaller number has lost its unit.
MIN_MEMORY = 6 * 1024**2
_HOST_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
THIS_CONTAINER = re.compile(r"localhost|.*\.localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1?\]?", re.IGNORECASE)
# Environment variables of a server that no setting and no profile may set, and why: the first that matches counts.
RESERVED = {
    r"JUPYTERHUB_.*|JPY_.*|JUPYTER_IMAGE_SPEC": "the hub sets it, and users sign in with it",
    r"JUPYTER_GATEWAY_.*|KERNEL_LAUNCH_TIMEOUT": "it says where kernels run, which other settings decide",
    r"MEM_LIMIT|CPU_LIMIT|MEM_GUARANTEE|CPU_GUARANTEE": "the limits of memory and cores set it",
    r"NVIDIA_VISIBLE_DEVICES": "the choice of GPUs sets it",
    r"PATH": "it would replace the image's own, and the server's command would not be found",
    r"HOME": "the user's volume is mounted in the image's own home",
    r"LD_.*|PYTHON(PATH|HOME|STARTUP)|JUPYTER_CONFIG_(DIR|PATH)": (
        "the server itself would run the code there: put it into an image"
    ),
}


def variable(name: str) -> str:
    """Check the name of an environment variable for users' servers.

    Raises:
        ValueError: with the reason.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise ValueError(f"{name!r}: only letters, digits and underscores, no digit first")
    for pattern, reason in RESERVED.items():
        if re.fullmatch(pattern, name):
            raise ValueError(f"{name}: {reason}")
    return name


def placeholders(template: str) -> set[str]:
    """The names that a text has in braces; an empty one where the braces do not match."""
    try:
        return {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError:
        return {""}


def _pairs(separator: str, value: object) -> dict[str, str]:
    """NAME and value of each word of a command line; quotes keep blanks together."""
    if isinstance(value, dict):
        return value
    pairs = [word.partition(separator) for word in shlex.split(str(value), comments=True)]
    if bad := [name for name, found, _ in pairs if not found or not name]:
        raise ValueError(f"no {separator!r} in {bad[0]!r}")
    return {name: text for name, _, text in pairs}


def _host_address(address: str) -> str:
    if address != "host-gateway" and not is_address(address):
        raise ValueError(f"{address!r} is not an IP address")
    return address


def _bytes(value: object) -> int:
    """Bytes of a size as JupyterHub and Docker write it: 2G is 2 * 1024**3."""
    size = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", str(value).upper())
    if size is None:
        raise ValueError
    number, unit = size.groups()
    amount = float(number) * ByteSpecification.UNIT_SUFFIXES.get(unit, 1)
    if 0 < amount < MIN_MEMORY:
        raise ValueError(f"too small: the Docker Engine accepts {MIN_MEMORY // 1024**2}M or more")
    if amount >= 2**63:
        raise ValueError("too large")
    return int(amount)


def _number(value: object) -> object:
    """Not the `true` of a file in YAML, which counts as 1 in Python."""
    if isinstance(value, bool):
        raise ValueError
    return value


def _split(separators: str) -> BeforeValidator:
    """Words between separators, without the quotes that people put around one or all of them."""

    def split(value: object) -> list[str]:
        words = value if isinstance(value, list) else re.split(f"[{separators}]", str(value))
        return [word for word in (word.strip(" \t\"'") for word in words) if word]

    return BeforeValidator(split)


def _unquoted(value: object) -> object:
    """Without the quotes that people put around a value, whatever has read the file."""
    return re.sub(r"""^(["'])(.*)\1$""", r"\2", value.strip()) if isinstance(value, str) else value


def _elsewhere(host: str) -> str:
    if THIS_CONTAINER.fullmatch(host):
        raise ValueError(
            "that is the hub's own container; this machine is host.docker.internal there, or its name in the network"
        )
    return host


def _reachable(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an address with https:// in front")
    _elsewhere(parts.hostname)
    return url.rstrip("/")


def _host_of_subdomains(address: str) -> str:
    parts = urlsplit(address)
    parts.port  # noqa: B018 -- raises ValueError unless it is a number
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an address with https:// in front")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ValueError("behind the host comes nothing but a port")
    if is_address(parts.hostname) or "." not in parts.hostname:
        raise ValueError("an address or a name without a dot has no subdomains")
    if not _HOST_NAME.fullmatch(parts.hostname):
        raise ValueError("a name has letters, digits and dashes between its dots")
    return address.rstrip("/")


def _public_host(host: str) -> str:
    """A host name or an IP address; https:// or http:// in front, and a port with it, say what the settings do not."""
    parts = urlsplit(host if "://" in host else f"//{host}")
    parts.port  # noqa: B018 -- raises ValueError unless it is a number
    if parts.scheme not in ("", "http", "https"):
        raise ValueError("only https:// or http:// may stand in front")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ValueError("JUPYTERHUB_BASE_URL has the path")
    if not parts.scheme and parts.port:
        raise ValueError("HTTPS_PORT or HTTP_PORT has the port; with another port in front, write https:// before it")
    name = (parts.hostname or "").lower()
    if not is_address(name) and not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", name):
        raise ValueError("a name has letters, digits and dashes between its dots")
    return host.lower().rstrip("/")


def is_address(host: str) -> bool:
    """Whether it is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _network(text: str) -> str:
    return str(ip_network(text))


def _words(value: object) -> list[str]:
    return value if isinstance(value, list) else shlex.split(str(value))


Flag = Annotated[bool, Field(description="true or false")]
Count = Annotated[int, Field(ge=0, description="a whole number")]
Seconds = Annotated[int, Field(ge=0, description="a whole number of seconds")]
Cores = Annotated[
    float,
    BeforeValidator(_number),
    Field(ge=0, allow_inf_nan=False, description="a number such as 1 or 0.5, or 0"),
]
Bytes = Annotated[int, BeforeValidator(_bytes), Field(description="a size such as 512M or 2G, or 0")]
# A size that cannot be "no limit".
Size = Annotated[Bytes, Field(gt=0, description="a size such as 64M or 2G")]
Port = Annotated[int, Field(ge=1, le=65535, description="a port from 1 to 65535")]
# The number of a user or a group.
Id = Annotated[int, Field(ge=1, le=2**31 - 1, description="a whole number from 1 to 2147483647")]
Image = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][A-Za-z0-9._/:@-]*$",
        description="an image name such as quay.io/jupyter/scipy-notebook:2026-11-02",
    ),
]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Words = Annotated[list[str], BeforeValidator(_words), Field(description="a command line with matching quotes")]
# Names that have no blanks; names that may have some; distinguished names, which have commas.
Names = Annotated[list[str], _split(r";,\s")]
Groups = Annotated[list[str], _split(";,"), Field(description="names, separated by ;")]
DistinguishedNames = Annotated[list[str], _split(";"), Field(description="distinguished names, separated by ;")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}-[A-Z]{2}$")]
LanguagePacks = Annotated[
    list[Language], _split(r"\s"), Field(description="names of language packs such as de-DE, separated by blanks")
]
Unquoted = Annotated[str, BeforeValidator(_unquoted)]
# A host, and an address, that the hub has to reach from inside its container.
Host = Annotated[str, AfterValidator(_elsewhere), Field(pattern=r"^[A-Za-z0-9.:_-]*$"), BeforeValidator(_unquoted)]
Url = Annotated[str, AfterValidator(lambda url: url and _reachable(url)), Field(description="an address")]
# The path under which the hub is, and where the users' subdomains begin.
BaseUrl = Annotated[
    str,
    BeforeValidator(lambda url: with_slashes(str(url))),
    Field(pattern=r"^/([A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*$", description="a path such as /jupyter/"),
]
SubdomainHost = Annotated[
    str,
    AfterValidator(lambda address: address and _host_of_subdomains(address)),
    Field(description="an address such as https://hub.example.org, whose subdomains all lead here, too"),
]
PublicHost = Annotated[
    str,
    AfterValidator(lambda host: host and _public_host(host)),
    Field(
        description="a name or an address such as hub.example.org or 192.168.1.20; https://NAME behind another proxy"
    ),
]
# A link for people, so nothing that a browser would run.
PageUrl = Annotated[
    str,
    Field(
        pattern=r"^((https?://|mailto:|/)[^\s\"<>]+)?$",
        description="an address such as https://wiki.example.org/jupyter or mailto:help@example.org",
    ),
]
Networks = Annotated[
    list[Annotated[str, AfterValidator(_network)]],
    _split(r";,\s"),
    Field(description="addresses or networks such as 192.0.2.7 or 10.1.0.0/16, separated by commas"),
]
# JupyterHub 6.1 refuses tokens of more than 64 characters.
Token = Annotated[SecretStr, Field(min_length=32, max_length=64, description="32 to 64 characters")]
Variable = Annotated[str, AfterValidator(variable)]
# Secrets may be among them, and only the hub's administrator writes them.
ServerEnvironment = Annotated[
    dict[Variable, str],
    BeforeValidator(lambda value: _pairs("=", value)),
    Field(description="words such as HTTP_PROXY=http://proxy.example.org:3128, separated by blanks or line breaks"),
]
ExtraHosts = Annotated[
    dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$")], Annotated[str, AfterValidator(_host_address)]],
    BeforeValidator(lambda value: _pairs(":", value)),
    Field(description="words such as db.example.org:10.1.2.3 or docker-host:host-gateway"),
]
