"""The settings of a kernel gateway, by the names that they had with nb2kg."""

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from hub.errors import Problem
from hub.settings.fields import THIS_CONTAINER, Unquoted, placeholders
from hub.settings.model import SettingsModel, setting

GATEWAY_FILE = "secrets/gateway.env"
FILES = ("client_key", "client_cert", "client_ca")
FileName = Annotated[
    Unquoted,
    Field(
        pattern=r"^([A-Za-z0-9_][A-Za-z0-9._-]*)?$",
        description="a file's name without a path, or empty when the gateway wants no certificate",
    ),
]
HTTPS = "https://"


def _url(url: str) -> str:
    """Check an address in the way in which Jupyter Server will use it.

    It accepts everything that begins with `http`, and without a port it would try 443 or 80, where no gateway listens.
    """
    if not url:
        return url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError("it has to begin with https:// or http://")
    if not parts.hostname:
        raise ValueError("the host is missing")
    if parts.port is None:
        raise ValueError("the port is missing")
    if parts.username or parts.query or parts.fragment:
        raise ValueError("only a path may follow host and port; the token is KG_AUTH_TOKEN")
    if THIS_CONTAINER.fullmatch(parts.hostname):
        raise ValueError("it means each user's own container; expected the gateway's name on the network")
    if placeholders(url) - {"username"}:
        raise ValueError("in braces, only {username} is possible")
    return url.rstrip("/")


def _token(token: SecretStr | None) -> SecretStr | None:
    value = token.get_secret_value() if token else ""
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("it is sent in a header")
    return token


def prefix(project: str) -> str:
    """What the names of the volumes with certificates begin with; a user's escaped name follows."""
    return f"{project}-pki-"


class GatewaySettings(SettingsModel):
    """Where users' kernels run, when they do not run in users' servers."""

    kg_url: Annotated[Unquoted, AfterValidator(_url)] = setting(
        "",
        "the gateway; `{username}` in it is the user's name; empty: kernels run in users' servers",
        "https://HOST:PORT",
    )
    kg_auth_token: Annotated[SecretStr | None, AfterValidator(_token)] = setting(
        None,
        "the gateway's token; empty: it asks for none",
        "printable ASCII characters without blanks",
        file=GATEWAY_FILE,
    )
    validate_kg_cert: bool = setting(True, "check the gateway's certificate", "true or false (or yes, no, 1, 0)")
    client_key: FileName = setting("", "each user's key, in /etc/jupyterpki")
    client_cert: FileName = setting("", "each user's certificate, in the same place")
    client_ca: FileName = setting(
        "", "the authorities that the gateway's certificate is checked with, in the same place"
    )
    kg_connect_timeout: int = setting(
        10,
        "seconds until a gateway that does not accept the connection counts as unavailable",
        "a whole number of seconds, 1 or more",
        ge=1,
    )
    kg_request_timeout: int = setting(
        60,
        "seconds that the gateway may take for an answer, the start of a kernel included",
        "a whole number of seconds, 5 or more",
        ge=5,
    )

    @property
    def wants_certificates(self) -> bool:
        """Whether each user needs a client certificate."""
        return bool(self.kg_url and self.client_cert)

    def rules(self) -> Iterator[Problem]:
        """All three files or none, under three names, and only where the connection is encrypted."""
        names = {name.upper(): getattr(self, name) for name in FILES}
        missing = [name for name, value in names.items() if not value]
        if missing and len(missing) < len(names):
            others = " and ".join(name for name in names if name not in missing)
            yield Problem.conflict(others, "is set alone", f"{' and '.join(missing)} in addition")
        elif not missing and len(set(names.values())) < len(names):
            yield Problem.conflict("CLIENT_KEY", "shares its name with CLIENT_CERT or CLIENT_CA", "three file names")
        if self.kg_url.lower().startswith("http://") and len(missing) < len(names):
            yield Problem.conflict(
                "KG_URL",
                f"is {self.kg_url!r}, where no gateway asks for a client certificate",
                "https:// in front, or no CLIENT_KEY, CLIENT_CERT and CLIENT_CA",
            )

    def warnings(self) -> Iterator[str]:
        """Yield a sentence for every setting that works, but probably not as it was meant."""
        if not self.kg_url:
            others = [name.upper() for name in type(self).model_fields if name in self.model_fields_set]
            yield f"{others[0]} is set, but KG_URL is not: kernels run in users' servers."
            return
        if not self.kg_url.lower().startswith(HTTPS):
            yield "KG_URL begins with http://: the token, code and results travel unencrypted to the gateway."
        elif not self.validate_kg_cert:
            yield "VALIDATE_KG_CERT=false: anyone on the network path can steal the token and read everything."
        if not self.kg_auth_token and not self.client_cert:
            yield "KG_AUTH_TOKEN is empty, and there are no client certificates: anyone can use the gateway."
