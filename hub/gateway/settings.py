"""The settings of a kernel gateway, by the names that they had with nb2kg."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from hub.settings.fields import THIS_CONTAINER, SettingsModel, Unquoted, given, setting

GATEWAY_FILE = "secrets/gateway.env"
FILES = ("client_key", "client_cert", "client_ca")
FILE_NAME = r"^([A-Za-z0-9_][A-Za-z0-9._-]*)?$"
FILE_EXPECTED = "a file's name without a path, or empty when the gateway wants no certificate"
HTTPS = "https://"


def _url(url: str) -> str:
    """Check an address in the way in which Jupyter Server will use it.

    It takes whatever begins with `http`, and without a port it would try 443 or 80, where no gateway listens.
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
        raise ValueError("that is each user's own container; expected the gateway's name on the network")
    try:
        fields = {field for _, field, _, _ in Formatter().parse(url) if field is not None}
    except ValueError:
        fields = {""}
    if fields - {"username"}:
        raise ValueError("of braces, only {username} is known")
    return url.rstrip("/")


def _token(token: SecretStr) -> SecretStr:
    value = token.get_secret_value()
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("it travels in a header")
    return token


class GatewaySettings(SettingsModel):
    """Where users' kernels run, when they do not run in users' servers."""

    kg_url: Annotated[Unquoted, AfterValidator(_url)] = setting(
        "",
        help="the gateway; `{username}` in it is the user's name; empty: kernels run in users' servers",
        expected="https://HOST:PORT",
    )
    kg_auth_token: Annotated[SecretStr, AfterValidator(_token)] | None = setting(
        None,
        help="the gateway's token; empty: it asks for none",
        expected="printable ASCII characters without blanks",
        file=GATEWAY_FILE,
    )
    validate_kg_cert: bool = setting(
        True, help="check the gateway's certificate", expected="true or false (or yes, no, 1, 0)"
    )
    client_key: Unquoted = setting(
        "", help="each user's key, in /etc/jupyterpki", expected=FILE_EXPECTED, pattern=FILE_NAME
    )
    client_cert: Unquoted = setting(
        "", help="each user's certificate, in the same place", expected=FILE_EXPECTED, pattern=FILE_NAME
    )
    client_ca: Unquoted = setting(
        "",
        help="the authorities that the gateway's certificate is checked with, in the same place",
        expected=FILE_EXPECTED,
        pattern=FILE_NAME,
    )
    kg_connect_timeout: int = setting(
        10,
        help="seconds until a gateway that does not take the connection counts as away",
        expected="a whole number of seconds, 1 or more",
        ge=1,
    )
    kg_request_timeout: int = setting(
        60,
        help="seconds that the gateway may take for an answer, the start of a kernel included",
        expected="a whole number of seconds, 5 or more",
        ge=5,
    )

    @property
    def wants_certificates(self) -> bool:
        """Whether each user needs a client certificate."""
        return bool(self.kg_url and self.client_cert)

    def rules(self) -> Iterator[str]:
        """All three files or none, under three names, and only where something is encrypted."""
        names = {name.upper(): getattr(self, name) for name in FILES}
        missing = [name for name, value in names.items() if not value]
        if missing and len(missing) < len(names):
            yield (
                f"  CLIENT_KEY, CLIENT_CERT and CLIENT_CA (.env or the shell) belong together; expected "
                f"{' and '.join(missing)}, too."
            )
        elif not missing and len(set(names.values())) < len(names):
            yield "  CLIENT_KEY, CLIENT_CERT and CLIENT_CA (.env or the shell) are three files; expected three names."
        if str(self.kg_url).lower().startswith("http://") and len(missing) < len(names):
            yield (
                f"  KG_URL (.env or the shell) is {self.kg_url!r}, where no client certificate is ever asked for; "
                "expected https:// in front, or no CLIENT_KEY, CLIENT_CERT and CLIENT_CA."
            )

    def warnings(self) -> list[str]:
        """One sentence for every setting that works, but that one should know of."""
        if not self.kg_url:
            others = [name.upper() for name in type(self).model_fields if name in self.model_fields_set - {"kg_url"}]
            return [f"{others[0]} is set, but KG_URL is not: kernels run in users' servers."] if others else []
        found = []
        if not self.kg_url.lower().startswith(HTTPS):
            found.append("KG_URL begins with http://: the token, code and results travel unencrypted to the gateway.")
        elif not self.validate_kg_cert:
            found.append("VALIDATE_KG_CERT=false: whoever stands between can take the token, and read all that runs.")
        if not self.kg_auth_token and not self.client_cert:
            found.append(
                "KG_AUTH_TOKEN is empty, and there are no client certificates: the gateway is open to anybody."
            )
        return found


def load(environment: Mapping[str, str]) -> GatewaySettings:
    """Read the settings, which hub.settings has checked before."""
    return GatewaySettings.model_validate(given(GatewaySettings, environment))
