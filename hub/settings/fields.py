"""What settings are made of: their types, their documentation, and the text about a bad one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from jupyterhub.traitlets import ByteSpecification
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from hub import paths
from hub.settings import host_paths
from hub.sign_in.native.passwords import complaint

# The least that the Engine takes; what is below has lost its unit.
MIN_MEMORY = 6 * 1024**2
DOT_ENV = ".env"
_HOST_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
THIS_CONTAINER = re.compile(r"localhost|.*\.localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1?\]?", re.IGNORECASE)


class SettingsModel(BaseModel):
    """A group of settings, each a `setting`."""

    model_config = ConfigDict(frozen=True, validate_default=True)

    def rules(self) -> Iterator[str]:
        """Yield a complaint for every rule broken that is about more than one setting.

        When some settings are bad, all of them are just as they were written: texts, or their defaults.
        """
        yield from ()


def setting(default: Any, *, help: str, expected: str, file: str = DOT_ENV, trait: str = "", **constraints: Any) -> Any:
    """A field with its documentation.

    Args:
        default: its value when it is not set; `...` when it has to be.
        help: what it does.
        expected: what a good value looks like, for the one who got it wrong.
        file: where it belongs.
        trait: the authenticator's trait that gets its value.
        constraints: pydantic's.
    """
    extra = {"expected": expected, "file": file, "trait": trait}
    return Field(default, description=help, json_schema_extra=extra, **constraints)


def extra(model: type[BaseModel], name: str, key: str) -> str:
    """What `setting` was given as `key` for a field."""
    return model.model_fields[name].json_schema_extra[key]  # type: ignore[index, call-overload, return-value]


def is_secret(model: type[BaseModel], name: str) -> bool:
    """Whether a setting's value must not be shown."""
    return "SecretStr" in str(model.model_fields[name].annotation)


def given(model: type[BaseModel], environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of `model` that `environment` has, by field. An empty value means the default."""
    return {name: environment[name.upper()] for name in model.model_fields if environment.get(name.upper())}


def problems_of(model: type[SettingsModel], environment: Mapping[str, str]) -> list[str]:
    """One line for every setting of `model` that cannot be used: its name, what it was, and what is expected."""
    fields = given(model, environment)
    try:
        return list(model.model_validate(fields).rules())
    except ValidationError as error:
        details = error.errors(include_url=False)
    as_written = model.model_construct(**fields)  # type: ignore[arg-type]
    return [*(_describe(model, detail) for detail in details), *as_written.rules()]


def _describe(model: type[BaseModel], detail: ErrorDetails) -> str:
    name = str(detail["loc"][0])
    file, expected = extra(model, name, "file"), extra(model, name, "expected")
    if detail["type"] == "missing":
        return f"  {name.upper()} is missing: add the line {name.upper()}=… to {file}; expected {expected}."
    where = f"{file} or the shell" if file == DOT_ENV else file
    found = "not usable" if is_secret(model, name) else f"{detail['input']!r}"
    reason = "" if is_secret(model, name) else str(detail.get("ctx", {}).get("error", ""))
    return f"  {name.upper()} ({where}) is {found}{reason and f' ({reason})'}; expected {expected}."


def _bytes(value: object) -> int:
    """Bytes of a size as JupyterHub and Docker write it: 2G is 2 * 1024**3."""
    size = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", str(value).upper())
    if size is None:
        raise ValueError
    number, unit = size.groups()
    amount = float(number) * ByteSpecification.UNIT_SUFFIXES.get(unit, 1)
    if amount and not MIN_MEMORY <= amount < 2**63:
        raise ValueError
    return int(amount)


def _good_password(value: SecretStr | None) -> SecretStr | None:
    if value is not None and (reason := complaint(value.get_secret_value())):
        raise ValueError(reason)
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
    if _is_address(parts.hostname) or "." not in parts.hostname:
        raise ValueError("an address or a name without a dot has no subdomains")
    if not _HOST_NAME.fullmatch(parts.hostname):
        raise ValueError("a name has letters, digits and dashes between its dots")
    return address.rstrip("/")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _domain(name: str) -> str:
    if "/" in name or ":" in name:
        raise ValueError("the name alone")
    if _is_address(name) or "." not in name:
        raise ValueError("public authorities sign full names only, no addresses")
    return name.lower()


def _home_format(path: str) -> str:
    if "{username}" not in path:
        raise ValueError("{username} is missing")
    if reason := host_paths.complaint(path.replace("{username}", "username")):
        raise ValueError(reason)
    return path


def _network(text: str) -> str:
    return str(ip_network(text))


def _words(value: object) -> list[str]:
    return value if isinstance(value, list) else shlex.split(str(value))


Bytes = Annotated[int, BeforeValidator(_bytes)]
# A size that cannot be "no limit".
Size = Annotated[Bytes, Field(gt=0)]
Port = Annotated[int, Field(ge=1, le=65535)]
Image = Annotated[str, Field(pattern=r"^[a-z0-9][A-Za-z0-9._/:@-]*$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Words = Annotated[list[str], BeforeValidator(_words)]
# Names that have no blanks; names that may have some; distinguished names, which have commas.
Names = Annotated[list[str], _split(r";,\s")]
Groups = Annotated[list[str], _split(";,")]
DistinguishedNames = Annotated[list[str], _split(";")]
Unquoted = Annotated[str, BeforeValidator(_unquoted)]
# A host, and an address, that the hub has to reach from inside its container.
Host = Annotated[str, AfterValidator(_elsewhere), Field(pattern=r"^[A-Za-z0-9.:_-]*$"), BeforeValidator(_unquoted)]
# The path under which the hub is, and where the users' subdomains begin.
BaseUrl = Annotated[
    str, Field(pattern=r"^/([A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*$"), BeforeValidator(lambda url: paths.base_url(str(url)))
]
SubdomainHost = Annotated[str, AfterValidator(lambda address: address and _host_of_subdomains(address))]
# Where the Docker host has people's home directories.
HomeFormat = Annotated[str, AfterValidator(_home_format)]
Domain = Annotated[str, AfterValidator(_domain), Field(pattern=r"^[A-Za-z0-9.:/-]+$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
AcmeServer = Annotated[str, Field(pattern=r"^(production|staging|https://\S+)$")]
# Addresses or networks, such as 10.0.0.0/8.
Networks = Annotated[list[Annotated[str, AfterValidator(_network)]], _split(r";,\s")]
Url = Annotated[str, AfterValidator(lambda url: url and _reachable(url))]
# JupyterHub 6.1 refuses tokens of more than 64 characters.
Token = Annotated[SecretStr, Field(min_length=32, max_length=64)]
GoodPassword = Annotated[SecretStr | None, AfterValidator(_good_password)]
