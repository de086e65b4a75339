"""What examples/letsencrypt says when there is no certificate, and how it keeps servers and attempts apart."""

import re
import time
from pathlib import Path

import pytest
import yaml

from examples.letsencrypt import certificate, reasons
from examples.letsencrypt.certificate import Order
from examples.letsencrypt.reasons import CertificateError
from hub.settings.fields import problems_of
from hub.settings.host import LetsEncryptSettings

ROOT = Path(__file__).parents[2]
OVERLAY = yaml.safe_load((ROOT / "examples/letsencrypt/docker-compose.yml").read_text())
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
# Type and detail as Let's Encrypt has them, or pebble; what the message has to say.
CHALLENGES = [
    (
        "dns",
        f"DNS problem: NXDOMAIN looking up A for {DOMAIN} - check that a DNS record exists",
        "does not find the addr",
    ),
    ("dns", f"DNS problem: SERVFAIL looking up A for {DOMAIN} - the domain's nameservers", "often DNSSEC"),
    ("dns", f"no valid A records found for {DOMAIN}; no valid AAAA records found", "does not find the address"),
    ("connection", f'Get "{CHALLENGE}": lookup {DOMAIN} on 127.0.0.11:53: no such host', "does not find the address"),
    ("connection", f"192.0.2.7: Fetching {CHALLENGE}: Connection refused", f"nothing answers at port 80 of {DOMAIN}"),
    ("connection", f'Get "{CHALLENGE}": dial tcp 192.0.2.7:80: connect: connection refused', "HTTP_PORT=8080"),
    ("connection", f"192.0.2.7: Fetching {CHALLENGE}: Timeout during connect (likely firewall)", "open port 80"),
    ("connection", f"192.0.2.7: Fetching {CHALLENGE}: Error getting validation data", "something else than this hub"),
    ("unauthorized", f"192.0.2.7: Invalid response from {CHALLENGE}: 404", "something else than this hub"),
    ("unauthorized", f"Non-200 status code from HTTP: {CHALLENGE} returned 404", "something else than this hub"),
    ("caa", f"While processing CAA for {DOMAIN}: CAA record for {DOMAIN} prevents issuance", "delete the record"),
]
# The rest of what certbot prints, and what the message has to say.
OTHERS = [
    (
        f'too many failed authorizations (5) for "{DOMAIN}" in the last 1h0m0s, retry after 2026-11-24 20:00:00 UTC',
        "wait until the time that it names",
    ),
    (f'too many certificates (5) already issued for this exact set of domains in the last 168h: "{DOMAIN}"', "staging"),
    ("Rate limit for '/directory' reached", "has had too many requests"),
    ('Order included an identifier for which issuance is forbidden by policy: "hub.example.org"', "that you own"),
    ("invalid contact domain. Contact emails @example.org are forbidden", "does not accept EMAIL=zoe@example.org"),
    ("Account https://ca.example.org/my-account/dfd57d9252ee806 not found.", f"letsencrypt -r {WORDS['accounts']}"),
    ("ValueError: Requesting ca.example.org/dir: Connection refused", "cannot be reached from here"),
    (
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='ca.example.org'): Max retries exceeded "
        "with url: /dir (Caused by NameResolutionError(\"Failed to resolve 'ca.example.org'\"))",
        "cannot be reached from here",
    ),
    (
        "requests.exceptions.SSLError: HTTPSConnectionPool(host='ca.example.org'): Max retries exceeded "
        "(Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate')))",
        "copy the certificate of the CA that signed it to secrets/ca.crt",
    ),
    ("The moon is in the wrong place.", "certbot could not get a certificate for hub.example.org"),
]
NOT_ASKED = {"cannot be reached from here", "copy the certificate of the CA that signed it to secrets/ca.crt"}


@pytest.mark.parametrize(("kind", "detail", "expected"), CHALLENGES)
def test_a_failed_challenge_is_explained_and_counts(kind: str, detail: str, expected: str) -> None:
    failure = reasons.explain(REPORTED.format(type=kind, detail=detail), WORDS)
    assert expected in str(failure)
    assert f"The reason: {detail}\n" in str(failure)
    assert failure.counts
    assert failure.asked


@pytest.mark.parametrize(("detail", "expected"), OTHERS)
def test_what_else_certbot_says_is_explained(detail: str, expected: str) -> None:
    failure = reasons.explain(UNEXPECTED.format(detail=detail), WORDS)
    assert expected in str(failure)
    assert f"The reason: {detail}\n" in str(failure)
    assert not failure.counts
    assert failure.asked is (expected not in NOT_ASKED)


def test_an_error_without_a_form_is_shown_as_it_is() -> None:
    text = (
        "Saving debug log to /x\nUnable to register an account with ACME server. It believes zoe is an invalid email.\n"
    )
    assert "does not accept EMAIL" in str(reasons.explain(text, WORDS))


def test_ports_and_addresses_are_spoken_of_where_they_matter() -> None:
    assert reasons.about_ports("80", "") == ""
    assert "HTTP_PORT=8080" in reasons.about_ports("8080", "0.0.0.0")
    assert "BIND_ADDRESS=127.0.0.1" in reasons.about_ports("80", "127.0.0.1")
    assert "AAAA" not in reasons.about_addresses(DOMAIN, ["192.0.2.7"])
    assert "an AAAA record has to go" in reasons.about_addresses(DOMAIN, ["192.0.2.7", "2001:db8::7"])


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
    with pytest.raises(CertificateError, match="so the authority was not asked") as raised:
        certificate.refuse_too_many(asked)
    assert not raised.value.counts
    certificate.refuse_too_many(order(tmp_path, "staging"))
    asked.failures.write_text("\n".join([str(time.time() - certificate.LIMIT_SECONDS - 1)] * certificate.FAILURES))
    certificate.refuse_too_many(asked)


def test_retries_stay_below_the_limit() -> None:
    assert certificate.LIMIT_SECONDS / certificate.RETRY_SECONDS < certificate.FAILURES < 5


def test_the_overlay_declares_its_settings_with_their_defaults() -> None:
    assert OVERLAY["x-letsencrypt"].keys() == {name.upper() for name in LetsEncryptSettings.model_fields}
    defaults = {name: text.split(":-")[1].rstrip("}") for name, text in OVERLAY["x-letsencrypt"].items()}
    least = {"DOMAIN": DOMAIN, "EMAIL": "zoe@example.org"}
    assert problems_of(LetsEncryptSettings, defaults | least) == []
    assert LetsEncryptSettings(domain=DOMAIN, email=least["EMAIL"]).model_dump() == {
        name.lower(): value for name, value in (defaults | least).items()
    }


def test_the_lines_of_the_page_are_accepted() -> None:
    page = (ROOT / "examples/letsencrypt/README.md").read_text()
    (block,) = re.findall(r"```ini\n# \.env\n(.*?)```", page, re.DOTALL)
    lines = dict(line.split("=", 1) for line in block.splitlines())
    assert lines.pop("COMPOSE_FILE") == "docker-compose.yml:examples/letsencrypt/docker-compose.yml"
    assert problems_of(LetsEncryptSettings, lines) == []
    assert lines.keys() <= OVERLAY["x-letsencrypt"].keys()


@pytest.mark.parametrize("name", sorted(OVERLAY["x-letsencrypt"]))
def test_the_page_speaks_of_every_setting(name: str) -> None:
    assert f"`{name}" in (ROOT / "examples/letsencrypt/README.md").read_text()


def test_the_table_of_the_page_has_what_the_service_says() -> None:
    page = (ROOT / "examples/letsencrypt/README.md").read_text()
    said = re.findall(r'^\| "(?:… )?([^"…]+?) ?["…]', page, re.MULTILINE)
    source = "".join((ROOT / f"examples/letsencrypt/{file}.py").read_text() for file in ("reasons", "certificate"))
    assert len(said) >= 9
    assert [text for text in said if text not in source] == []


def test_the_service_has_no_more_than_it_needs() -> None:
    service = OVERLAY["services"]["letsencrypt"]
    assert (service["read_only"], service["init"], service["cap_drop"]) == (True, True, ["ALL"])
    assert service["networks"] == ["letsencrypt"]
    assert service["volumes"] == ["secrets:/srv/letsencrypt"]
    assert "ports" not in service


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("TLS", "off", "TLS (.env or the shell) is 'off', and examples/letsencrypt"),
        ("JUPYTERHUB_SUBDOMAIN_HOST", "https://hub.example.org", "needs a wildcard certificate"),
    ],
)
def test_what_cannot_go_with_the_overlay(name: str, value: str, expected: str) -> None:
    assert list(LetsEncryptSettings.conflicts({"TLS": "on", "JUPYTERHUB_SUBDOMAIN_HOST": ""})) == []
    (complaint,) = LetsEncryptSettings.conflicts({name: value})
    assert expected in complaint
