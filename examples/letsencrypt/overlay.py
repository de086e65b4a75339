"""A certificate of Let's Encrypt: the settings of the service that gets it, and what they do not go together with."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator

from hub.configuration import Configuration
from hub.errors import Problem
from hub.overlays import Overlay
from hub.settings.fields import Name, is_address
from hub.settings.model import SettingsModel, setting


def _domain(name: str) -> str:
    if "/" in name or ":" in name:
        raise ValueError("the name alone")
    if is_address(name) or "." not in name:
        raise ValueError("public authorities sign full names only, no addresses")
    return name.lower()


class LetsEncryptSettings(SettingsModel):
    """The settings of the certificate."""

    domain: Annotated[str, AfterValidator(_domain)] = setting(
        ...,
        "the public name that the certificate is for",
        "a name such as hub.example.org, without https:// in front",
        restarts=False,
        pattern=r"^[A-Za-z0-9.:/-]+$",
    )
    email: str = setting(
        ...,
        "where the authority can reach you",
        "an address such as you@example.org",
        restarts=False,
        pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    )
    acme_server: str = setting(
        "production",
        "`production` or `staging` of Let's Encrypt, or another authority with ACME",
        "production, staging, or the https:// address of a directory",
        restarts=False,
        pattern=r"^(production|staging|https://\S+)$",
    )
    secrets_volume: Name = setting(
        "jupyterhub-secrets",
        "volume of the certificate and of the account with the authority",
        "a Docker volume's name",
        restarts=False,
    )


class LetsEncrypt(Overlay):
    """A service that gets the certificate of DOMAIN and renews it; the proxy reads it from a volume."""

    settings = LetsEncryptSettings
    values: LetsEncryptSettings
    compose = True

    def problems(self, found: Configuration, environment: Mapping[str, str]) -> Iterator[Problem]:
        """The proxy needs TLS, and a name: the authority signs a wildcard only by way of the DNS."""
        if found.host.tls == "off":
            yield Problem.conflict(
                "TLS",
                f"is 'off', and {self.folder()} gets the proxy a certificate",
                f"on, or a COMPOSE_FILE without examples/{self.folder()}",
            )
        if subdomains := found.hub.jupyterhub_subdomain_host:
            yield Problem.conflict(
                "JUPYTERHUB_SUBDOMAIN_HOST",
                f"is {subdomains!r}, which needs a wildcard certificate, and {self.folder()} gets none",
                f"an empty value, or a COMPOSE_FILE without examples/{self.folder()}",
            )

    def public_name(self) -> str:
        """The name that the certificate is for."""
        return self.values.domain

    def volumes(self) -> list[str]:
        """The volume of the certificate."""
        return [self.values.secrets_volume]


OVERLAY = LetsEncrypt
