"""What examples/letsencrypt says when there is no certificate, and how it keeps servers and attempts apart."""

import re
import time
from pathlib import Path

import pytest
import yaml

from examples.letsencrypt import certificate, reasons
from examples.letsencrypt.certificate import Order
from examples.letsencrypt.overlay import LetsEncrypt
from examples.letsencrypt.reasons import CertificateError
from hub import configuration
from hub.errors import SettingsError
from hub.settings.model import read
from support.settings import TOKENS

ROOT = Path(__file__).parents[2]
OVERLAY = yaml.safe_load((ROOT / "examples/letsencrypt/docker-compose.yml").read_text())
PAGE = (ROOT / "examples/letsencrypt/README.md").read_text()
DOMAIN = "hub.example.org"
WORDS = {
    "domain": DOMAIN,
    "email": "zoe@example.org",
    "server": "Let's Encrypt",
    "accounts": "/srv/letsencrypt/servers/production/accounts",
    "addresses": f"Seen from here, {DOMAIN} is 192.0.2.7. ",
    "ports": "The authority only comes to port 80, and HTTP_PORT=8080: what is in front has to lead 80 there. ",
}
REPORTED = """Saving debug log to /tmp/certbot/letsencrypt.log
Requesting a certificate for hub.example.org

Certbot failed to authenticate some domains (authenticator: webroot). The Certificate Authority reported these problems:
  Domain: hub.example.org
  Type:   {type}
  Detail: {detail}

Hint: The Certificate Authority failed to download the temporary challenge files created by Certbot.

Some challenges have failed.
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile or re-run Certbot with -v.
"""
UNEXPECTED = """Saving debug log to /tmp/certbot/letsencrypt.log
An unexpected error occurred:
{detail}
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile or re-run Certbot with -v.
"""
CHALLENGE = f"http://{DOMAIN}/.well-known/acme-challenge/dJbxIJC9wS2JYIBb1lLz49vI6i_Au_4Y3x-Cq_n2iT8"
# Type and detail as Let's Encrypt has them, or pebble; the kind of failure.
CHALLENGES = [
    ("dns", f"DNS problem: NXDOMAIN looking up A for {DOMAIN} - check that a DNS record exists", "dns"),
    ("dns", f"DNS problem: SERVFAIL looking up A for {DOMAIN} - the domain's nameservers", "dns"),
    ("dns", f"no valid A records found for {DOMAIN}; no valid AAAA records found", "dns"),
    ("connection", f'Get "{CHALLENGE}": lookup {DOMAIN} on 127.0.0.11:53: no such host', "dns"),
    ("connection", f"192.0.2.7: Fetching {CHALLENGE}: Connection refused", "closed"),
    ("connection", f'Get "{CHALLENGE}": dial tcp 192.0.2.7:80: connect: connection refused', "closed"),
    ("connection", f"192.0.2.7: Fetching {CHALLENGE}: Timeout during connect (likely firewall)", "closed"),
    ("connection", f"192.0.2.7: Fetching {CHALLENGE}: Error getting validation data", "other"),
    ("unauthorized", f"192.0.2.7: Invalid response from {CHALLENGE}: 404", "other"),
    ("unauthorized", f"Non-200 status code from HTTP: {CHALLENGE} returned 404", "other"),
    ("caa", f"While processing CAA for {DOMAIN}: CAA record for {DOMAIN} prevents issuance", "caa"),
]
# The rest of what certbot prints, and the kind.
OTHERS = [
    (
        f'too many failed authorizations (5) for "{DOMAIN}" in the last 1h0m0s, retry after 2026-11-24 20:00:00 UTC',
        "rate",
    ),
    (f'too many certificates (5) already issued for this exact set of domains in the last 168h: "{DOMAIN}"', "rate"),
    ("Rate limit for '/directory' reached", "rate"),
    ('Order included an identifier for which issuance is forbidden by policy: "hub.example.org"', "policy"),
    ("invalid contact domain. Contact emails @example.org are forbidden", "email"),
    ("Account https://ca.example.org/my-account/dfd57d9252ee806 not found.", "account"),
    ("ValueError: Requesting ca.example.org/dir: Connection refused", "unreachable"),
    (
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='ca.example.org'): Max retries exceeded "
        "with url: /dir (Caused by NameResolutionError(\"Failed to resolve 'ca.example.org'\"))",
        "unreachable",
    ),
    (
        "requests.exceptions.SSLError: HTTPSConnectionPool(host='ca.example.org'): Max retries exceeded "
        "(Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate')))",
        "trust",
    ),
    ("The moon is in the wrong place.", "unknown"),
]


def test_each_kind_of_failure_is_met_here() -> None:
    assert {kind for *_, kind in (*CHALLENGES, *OTHERS)} == reasons.CASES.keys()


@pytest.mark.parametrize(("type_", "detail", "kind"), CHALLENGES)
def test_a_failed_challenge_is_explained_and_counts(type_: str, detail: str, kind: str) -> None:
    failure = reasons.explain(REPORTED.format(type=type_, detail=detail), WORDS)
    assert (failure.kind, failure.counts, failure.asked) == (kind, True, True)
    assert f"The reason: {detail}\n" in str(failure)


@pytest.mark.parametrize(("detail", "kind"), OTHERS)
def test_what_else_certbot_says_is_explained(detail: str, kind: str) -> None:
    failure = reasons.explain(UNEXPECTED.format(detail=detail), WORDS)
    assert (failure.kind, failure.counts) == (kind, False)
    assert failure.asked is (kind not in ("trust", "unreachable"))
    assert f"The reason: {detail}\n" in str(failure)


def test_an_error_without_a_form_is_shown_as_it_is() -> None:
    text = (
        "Saving debug log to /x\nUnable to register an account with ACME server. It believes zoe is an invalid email.\n"
    )
    assert reasons.explain(text, WORDS).kind == "email"


def test_ports_and_addresses_are_named_where_they_matter() -> None:
    assert reasons.about_ports("80", "") == ""
    assert "HTTP_PORT=8080" in reasons.about_ports("8080", "0.0.0.0")
    assert "BIND_ADDRESS=127.0.0.1" in reasons.about_ports("80", "127.0.0.1")
    assert "AAAA" not in reasons.about_addresses(DOMAIN, ["192.0.2.7"])
    assert "AAAA" in reasons.about_addresses(DOMAIN, ["192.0.2.7", "2001:db8::7"])
    for kind in ("closed", "other"):
        assert "{addresses}{ports}" in reasons.CASES[kind].fix


def order(home: Path, server: str = "production") -> Order:
    return Order(DOMAIN, "zoe@example.org", server, home)


def test_servers_share_no_folder(tmp_path: Path) -> None:
    servers = (
        "production",
        "staging",
        "https://ca.example.org/acme/directory",
        "https://ca.example.org:8443/directory",
    )
    folders = [order(tmp_path, server).folder for server in servers]
    assert len(set(folders)) == 4
    assert {folder.parent for folder in folders} == {tmp_path / "servers"}


def test_the_link_leads_to_the_one_asked_for_last(tmp_path: Path) -> None:
    for server in ("staging", "production"):
        asked = order(tmp_path, server)
        asked.pair.mkdir(parents=True)
        certificate.put_in_front(asked)
        assert (tmp_path / "current").resolve() == asked.pair
        assert not (tmp_path / "current").readlink().is_absolute()  # the proxy may have the volume elsewhere


def test_failures_of_the_last_hour_end_the_asking(tmp_path: Path) -> None:
    asked = order(tmp_path)
    asked.folder.mkdir(parents=True)
    for _ in range(certificate.FAILURES):
        certificate.refuse_too_many(asked)
        certificate.remember_failure(asked)
    with pytest.raises(CertificateError) as raised:
        certificate.refuse_too_many(asked)
    assert (raised.value.kind, raised.value.counts, raised.value.asked) == ("limit", False, False)
    certificate.refuse_too_many(order(tmp_path, "staging"))
    asked.failures.write_text("\n".join([str(time.time() - certificate.LIMIT_SECONDS - 1)] * certificate.FAILURES))
    certificate.refuse_too_many(asked)


def test_retries_stay_below_the_limit() -> None:
    assert certificate.LIMIT_SECONDS / certificate.RETRY_SECONDS < certificate.FAILURES < 5


def test_the_overlay_passes_on_its_settings_by_name() -> None:
    environment = OVERLAY["services"]["hub"]["environment"]
    assert environment == dict.fromkeys(map(str.upper, LetsEncrypt.settings.model_fields)) | {LetsEncrypt.mark(): "1"}


def test_the_service_and_the_volume_have_the_defaults_of_the_settings() -> None:
    def default(text: str) -> str:
        return text.partition(":-")[2].rstrip("}")

    values, _ = read(LetsEncrypt.settings, {"DOMAIN": DOMAIN, "EMAIL": "zoe@example.org"})
    assert default(OVERLAY["services"]["letsencrypt"]["environment"]["ACME_SERVER"]) == values.acme_server
    assert default(OVERLAY["volumes"]["secrets"]["name"]) == values.secrets_volume
    assert LetsEncrypt(values).volumes() == [values.secrets_volume]


def test_the_lines_of_the_page_are_accepted() -> None:
    (block,) = re.findall(r"```ini\n# \.env\n(.*?)```", PAGE, re.DOTALL)
    lines = dict(line.split("=", 1) for line in block.splitlines())
    assert lines.pop("COMPOSE_FILE") == LetsEncrypt.files()
    assert read(LetsEncrypt.settings, lines)[1] == []
    assert {name.lower() for name in lines} <= LetsEncrypt.settings.model_fields.keys()


def test_the_table_of_the_page_has_what_the_service_says() -> None:
    said = re.findall(r'^\| "(?:… )?([^"…]+?)[ :]*["…]', PAGE, re.MULTILINE)
    source = "".join((ROOT / f"examples/letsencrypt/{file}.py").read_text() for file in ("reasons", "certificate"))
    assert len(said) >= 8
    assert [text for text in said if text not in source] == []


def test_the_service_has_no_more_than_it_needs() -> None:
    service = OVERLAY["services"]["letsencrypt"]
    assert (service["read_only"], service["init"], service["cap_drop"]) == (True, True, ["ALL"])
    assert service["networks"] == ["letsencrypt"]
    assert service["volumes"] == ["secrets:/srv/letsencrypt"]
    assert "ports" not in service


CHOSEN = TOKENS | {LetsEncrypt.mark(): "1", "DOMAIN": DOMAIN, "EMAIL": "zoe@example.org"}


@pytest.mark.parametrize(
    ("name", "value"), [("TLS", "off"), ("JUPYTERHUB_SUBDOMAIN_HOST", f"https://{DOMAIN}")], ids=["TLS", "subdomains"]
)
def test_what_cannot_go_with_the_overlay(name: str, value: str) -> None:
    [chosen] = configuration.settings(CHOSEN).overlays
    assert chosen.public_name() == DOMAIN
    with pytest.raises(SettingsError) as raised:
        configuration.settings(CHOSEN | {name: value})
    assert [(each.setting, each.kind) for each in raised.value.problems] == [(name, "conflict")]


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("DOMAIN", "https://hub.example.org/", "value"),
        ("DOMAIN", "hub", "value"),
        ("DOMAIN", "192.0.2.7", "value"),
        ("DOMAIN", "", "missing"),
        ("EMAIL", "zoe", "value"),
        ("EMAIL", "", "missing"),
        ("ACME_SERVER", "live", "value"),
        ("SECRETS_VOLUME", "-x", "value"),
    ],
)
def test_what_is_refused(name: str, value: str, kind: str) -> None:
    with pytest.raises(SettingsError) as raised:
        configuration.settings(CHOSEN | {name: value})
    assert [(each.setting, each.kind) for each in raised.value.problems] == [(name, kind)]
