"""Settings of the public address: the path, the subdomains, and the proxies in front."""

import re
from pathlib import Path

import pytest

from hub import configuration
from hub.settings.host import HostSettings
from hub.settings.hub import HubSettings
from hub.sign_in.table import AUTHENTICATORS
from support.settings import TOKENS, environment, problems

ROOT = Path(__file__).parents[2]
PAGES = ("examples/reverse-proxy/README.md", "docs/subdomains.md")


def settings(**given: str) -> HubSettings:
    return configuration.settings(TOKENS | given).hub


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("", "/"),
        ("/", "/"),
        ("jupyter", "/jupyter/"),
        ("/jupyter", "/jupyter/"),
        ("/jupyter/", "/jupyter/"),
        ("//jupyter//", "/jupyter/"),
        ("/a//b/", "/a/b/"),
        ("/teaching/jupyter.v2/", "/teaching/jupyter.v2/"),
    ],
)
def test_a_path_is_read_with_and_without_slashes(given: str, read: str) -> None:
    assert settings(JUPYTERHUB_BASE_URL=given).jupyterhub_base_url == read


@pytest.mark.parametrize(
    "given",
    ["/jupyter hub/", "https://example.org/jupyter", "/jupyter/?x", "/../", "/./a/", "/jüpyter/", "/a#b"],
)
def test_a_path_that_cannot_be_is_refused(given: str) -> None:
    (problem,) = problems(TOKENS | {"JUPYTERHUB_BASE_URL": given})
    assert (problem.setting, problem.kind) == ("JUPYTERHUB_BASE_URL", "value")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("", ""),
        ("https://hub.example.org", "https://hub.example.org"),
        ("https://hub.example.org/", "https://hub.example.org"),
        ("https://hub.example.org:8443", "https://hub.example.org:8443"),
        ("http://hub.example.org", "http://hub.example.org"),
    ],
)
def test_a_host_of_subdomains(given: str, read: str) -> None:
    assert settings(JUPYTERHUB_SUBDOMAIN_HOST=given).jupyterhub_subdomain_host == read


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("hub.example.org", "https:// in front"),
        ("ftp://hub.example.org", "https:// in front"),
        ("https://", "https:// in front"),
        ("https://192.0.2.7", "no subdomains"),
        ("https://[2001:db8::7]", "no subdomains"),
        ("https://localhost", "no subdomains"),
        ("https://*.example.org", "letters, digits and dashes"),
        ("https://hub.example.org.", "letters, digits and dashes"),
        ("https://hub_1.example.org", "letters, digits and dashes"),
        ("https://hub.example.org/jupyter", "nothing but a port"),
        ("https://hub.example.org?x", "nothing but a port"),
        ("https://mal@hub.example.org", "nothing but a port"),
        ("https://hub.example.org:port", "ort"),
        ("https://hub.example.org:99999", "ort"),
    ],
)
def test_a_host_that_cannot_have_subdomains_is_refused(given: str, reason: str) -> None:
    (problem,) = problems(TOKENS | {"JUPYTERHUB_SUBDOMAIN_HOST": given})
    assert (problem.setting, problem.kind) == ("JUPYTERHUB_SUBDOMAIN_HOST", "value")
    assert reason in problem.text.partition("; expected")[0]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("", []),
        ("192.0.2.7", ["192.0.2.7/32"]),
        ("10.1.0.0/16, 2001:db8::/64", ["10.1.0.0/16", "2001:db8::/64"]),
        ("10.1.0.0/16;192.0.2.7", ["10.1.0.0/16", "192.0.2.7/32"]),
        ("10.1.0.0/16 192.0.2.7", ["10.1.0.0/16", "192.0.2.7/32"]),
    ],
)
def test_proxies_in_front(given: str, read: list[str]) -> None:
    assert HostSettings.model_validate({"trusted_proxies": given}).trusted_proxies == read


@pytest.mark.parametrize("given", ["10.1.2.3/16", "hub.example.org", "10.1.0.0/33", "10.1", "*", "10.0.0.0/8, any"])
def test_proxies_that_cannot_be_are_refused(given: str) -> None:
    (problem,) = problems(TOKENS | {"TRUSTED_PROXIES": given})
    assert (problem.setting, problem.kind) == ("TRUSTED_PROXIES", "value")


@pytest.mark.parametrize(
    ("hub", "host", "address"),
    [
        ({}, {}, "https://localhost"),
        ({"JUPYTERHUB_BASE_URL": "/jupyter/"}, {}, "https://localhost/jupyter"),
        ({}, {"HTTPS_PORT": "8443"}, "https://localhost:8443"),
        ({}, {"TLS": "off"}, "http://localhost:8000"),
        ({"JUPYTERHUB_BASE_URL": "/jupyter"}, {"TLS": "off", "HTTP_PORT": "80"}, "http://localhost/jupyter"),
        (
            {},
            {"OVERLAY_LETSENCRYPT": "1", "DOMAIN": "hub.example.org", "EMAIL": "a@example.org"},
            "https://hub.example.org",
        ),
        (
            {"JUPYTERHUB_BASE_URL": "/jupyter", "JUPYTERHUB_SUBDOMAIN_HOST": "https://hub.example.org:8443"},
            {"HTTPS_PORT": "8443"},
            "https://hub.example.org:8443/jupyter",
        ),
        ({}, {"PUBLIC_HOST": "Hub.School.Example", "HTTPS_PORT": "8443"}, "https://hub.school.example:8443"),
        ({"JUPYTERHUB_BASE_URL": "/jupyter"}, {"PUBLIC_HOST": "192.168.1.20"}, "https://192.168.1.20/jupyter"),
        ({}, {"PUBLIC_HOST": "[2001:db8::7]"}, "https://[2001:db8::7]"),
        ({}, {"PUBLIC_HOST": "hub", "TLS": "off"}, "http://hub:8000"),
        ({"JUPYTERHUB_BASE_URL": "/jupyter"}, {"PUBLIC_HOST": "https://hub", "TLS": "off"}, "https://hub/jupyter"),
        ({}, {"PUBLIC_HOST": "https://hub.example.org:444/"}, "https://hub.example.org:444"),
    ],
)
def test_the_address_that_make_up_says(hub: dict[str, str], host: dict[str, str], address: str) -> None:
    assert configuration.settings(TOKENS | hub | host).public_address == address


@pytest.mark.parametrize(
    "given",
    ["hub_1", "hub.example.org:8443", "hub.example.org/jupyter", "ftp://hub", "mal@hub", "https://", "a b", "bücher"],
)
def test_a_public_host_that_cannot_be_is_refused(given: str) -> None:
    (problem,) = problems(TOKENS | {"PUBLIC_HOST": given})
    assert (problem.setting, problem.kind) == ("PUBLIC_HOST", "value")


@pytest.mark.parametrize(
    ("other", "given"),
    [
        ("OAUTH_CALLBACK_URL", environment("github", OAUTH_CALLBACK_URL="https://hub.example.org/hub/oauth_callback")),
        ("JUPYTERHUB_SUBDOMAIN_HOST", TOKENS | {"JUPYTERHUB_SUBDOMAIN_HOST": "https://hub.example.org:8443"}),
        ("letsencrypt", TOKENS | {"OVERLAY_LETSENCRYPT": "1", "DOMAIN": "hub.example.org", "EMAIL": "a@example.org"}),
    ],
)
def test_the_public_host_is_that_of_every_other_setting(other: str, given: dict[str, str]) -> None:
    (problem,) = problems(given | {"PUBLIC_HOST": "hub.school.example"})
    assert (problem.setting, problem.kind) == ("PUBLIC_HOST", "conflict")
    assert other in problem.text
    assert "expected hub.example.org" in problem.text
    assert problems(given | {"PUBLIC_HOST": "hub.example.org"}) == []


def test_a_callback_without_the_path_is_refused() -> None:
    (problem,) = problems(environment("github", JUPYTERHUB_BASE_URL="/jupyter/"))
    assert (problem.setting, problem.kind) == ("OAUTH_CALLBACK_URL", "conflict")
    assert "https://HOST/jupyter/hub/oauth_callback" in problem.text
    callback = "https://hub.example.org/jupyter/hub/oauth_callback"
    assert problems(environment("github", JUPYTERHUB_BASE_URL="/jupyter/", OAUTH_CALLBACK_URL=callback)) == []


@pytest.mark.parametrize("page", PAGES)
def test_the_lines_of_the_page_are_settings_with_values_that_work(page: str) -> None:
    blocks = re.findall(r"^```ini\n# \.env\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        lines = dict(line.split("=", 1) for line in block.splitlines())
        overlays = lines.pop("COMPOSE_FILE", "docker-compose.yml").split(":")
        assert [path for path in overlays if not (ROOT / path).is_file()] == []
        known = {name.upper() for model in (HubSettings, HostSettings) for name in model.model_fields}
        assert lines.keys() - known == set()
        assert problems(TOKENS | lines) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_the_page_speaks_of_exists(page: str) -> None:
    known = {
        name.upper() for model in (HubSettings, HostSettings, AUTHENTICATORS["github"]) for name in model.model_fields
    }
    spoken_of = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`", (ROOT / page).read_text()))
    assert spoken_of
    assert spoken_of - known == set()
