"""A certificate of an authority with ACME: got, renewed and kept; and what an operator sees when there is none."""

import json
import socket
import ssl
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import requests
from cryptography import x509

from support.acme import DOMAIN, Authority
from support.deployment import PREFIX, Deployment
from support.kernel import Kernel
from support.load import HttpLoad, KernelLoad
from support.waiting import wait_for

NOWHERE = "nowhere.example.test"
RENEWAL_SECONDS = 60


@dataclass
class Crew:
    """A deployment that has its certificate from `first`; `second` issues such that are due for renewal at once."""

    hub: Deployment
    first: Authority
    second: Authority
    self_signed: x509.Certificate
    said: str

    def serial(self, authority: Authority) -> int:
        """The serial number of the certificate in use, which has to be from the authority, and complete."""
        return shown(self.hub, authority.trusting()).serial_number

    def obtain(self, **settings: str) -> subprocess.CompletedProcess[str]:
        """The one command; settings as a person would change them for it."""
        command = ("docker", "compose", "run", "--rm", "letsencrypt", "obtain")
        return self.hub.run(*command, env=settings, check=False)

    @contextmanager
    def asking(self, authority: Authority) -> Generator[None]:
        """The deployment has its certificates from another authority for a while."""
        before = dict(self.hub.settings)
        try:
            self.hub.set_env(ACME_SERVER=authority.directory)
            self.hub.compose("up", "--detach")
            yield
        finally:
            self.hub.settings = before
            self.hub.compose("up", "--detach", "--wait")


def shown(hub: Deployment, context: ssl.SSLContext) -> x509.Certificate:
    """The certificate that the proxy shows to a client."""
    address = ("127.0.0.1", int(hub.settings["HTTPS_PORT"]))
    with (
        socket.create_connection(address, timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=DOMAIN) as connection,
    ):
        certificate = connection.getpeercert(binary_form=True)
    assert certificate
    return x509.load_der_x509_certificate(certificate)


def trusting_everybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def crew(make_deployment: Callable[..., Deployment]) -> Crew:
    hub = make_deployment(
        f"{PREFIX}acme",
        COMPOSE_FILE="docker-compose.yml:examples/letsencrypt/docker-compose.yml:internet.yml",
        DOMAIN=DOMAIN,
        EMAIL="zoe@example.org",
        SECRETS_VOLUME=f"{PREFIX}acme-secrets",
    )
    hub.write("internet.yml", Authority(hub, "").overlay)
    first, second = Authority.start(hub, "first", days=90), Authority.start(hub, "second", days=1)
    hub.write("secrets/ca.crt", first.ca() + second.ca())
    hub.write("userlist", "admin admin\nzoe\n")
    hub.set_env(ACME_SERVER=first.directory)
    hub.make("build")
    hub.compose("up", "--detach", "--wait", "proxy")
    self_signed = shown(hub, trusting_everybody())
    return Crew(hub, first, second, self_signed, hub.up().stdout)


def test_the_first_start_gets_the_certificate(crew: Crew) -> None:
    assert crew.self_signed.issuer == crew.self_signed.subject
    serial = wait_for(lambda: crew.serial(crew.first), 10, "the new certificate in use")
    assert serial != crew.self_signed.serial_number
    assert crew.first.orders() == 1
    assert f"https://{DOMAIN}:{crew.hub.settings['HTTPS_PORT']}" in crew.said


def test_a_second_time_changes_nothing(crew: Crew) -> None:
    before, orders = crew.serial(crew.first), crew.first.orders()
    done = crew.obtain()
    assert done.returncode == 0, done.stderr
    assert f"The certificate for {DOMAIN} is unchanged: it is not due for renewal" in done.stdout
    assert f"serial {before:x}" in done.stdout
    assert (crew.serial(crew.first), crew.first.orders()) == (before, orders)


def test_key_and_account_are_for_one_user_alone(crew: Crew) -> None:
    listing = crew.hub.compose("exec", "letsencrypt", "find", "/srv/letsencrypt", "-printf", r"%y %m %U %f\n").stdout
    entries = [line.split(maxsplit=3) for line in listing.splitlines()]
    keys = [entry for entry in entries if entry[3] in {"privkey1.pem", "private_key.json"}]
    assert len(keys) == 2
    assert {(mode, owner) for _, mode, owner, _ in keys} <= {("600", "1000"), ("400", "1000")}
    assert {owner for _, _, owner, _ in entries} == {"1000"}
    assert next(entry for entry in entries if entry[3] == "letsencrypt")[1] == "700"
    inspected = json.loads(crew.hub.docker("inspect", f"{crew.hub.project}-proxy").stdout)[0]
    (mount,) = [mount for mount in inspected["Mounts"] if mount["Destination"] == "/srv/letsencrypt"]
    assert mount["RW"] is False


def test_a_renewal_disturbs_nobody(crew: Crew) -> None:
    hub = crew.hub
    token = hub.token()
    hub.start_server("zoe", token=token)
    proxy = hub.docker("inspect", "--format", "{{.Id}}", f"{hub.project}-proxy").stdout
    original = crew.serial(crew.first)
    with (
        Kernel(hub.url, "zoe", token) as kernel,
        KernelLoad(kernel, interval=0.02) as executions,
        HttpLoad(f"{hub.url}/user/zoe/api/status", token, interval=0.02) as requests_,
    ):
        connection = kernel.socket
        with crew.asking(crew.second):
            switched = wait_for(lambda: crew.serial(crew.second), RENEWAL_SECONDS, "a certificate of the other server")
            renewed = wait_for(
                lambda: (now := crew.serial(crew.second)) != switched and now, RENEWAL_SECONDS, "a renewed certificate"
            )
            for load in (executions, requests_):
                load.wait_for(load.counts.sent + 20)
        # Back again: what the first server has signed is still good, so it is not asked for another one.
        wait_for(lambda: crew.serial(crew.first) == original, 10, "the certificate of before")
        assert kernel.socket is connection
        assert isinstance(connection.sock, ssl.SSLSocket)
        first_shown = connection.sock.getpeercert(binary_form=True)
    for load in (executions, requests_):
        assert (load.counts.failed, load.counts.disconnects) == (0, 0), load.counts
        assert load.counts.sent > 100
    assert first_shown
    assert x509.load_der_x509_certificate(first_shown).serial_number == original
    assert len({original, switched, renewed}) == 3
    assert crew.first.orders() == 1
    assert crew.second.orders() >= 2
    assert hub.docker("inspect", "--format", "{{.Id}}", f"{hub.project}-proxy").stdout == proxy


def test_a_name_without_address_is_not_asked_for(crew: Crew) -> None:
    orders = crew.first.orders()
    done = crew.obtain(DOMAIN=NOWHERE)
    assert done.returncode == 1
    assert f"FAIL: {NOWHERE} has no address, so the authority was not asked." in done.stderr
    assert crew.first.orders() == orders
    assert NOWHERE not in crew.first.log()


def test_a_closed_port_is_explained_and_not_tried_too_often(crew: Crew) -> None:
    name, port, orders = crew.first.closed, crew.hub.settings["HTTP_PORT"], crew.first.orders()
    for _ in range(4):
        done = crew.obtain(DOMAIN=name)
        assert done.returncode == 1
        assert f"FAIL: port 80 of {name} cannot be reached." in done.stderr
    assert "connection refused" in done.stderr
    for part in (crew.first.address, f"HTTP_PORT={port}", "BIND_ADDRESS=127.0.0.1"):
        assert part in done.stderr
    assert crew.first.orders() == orders + 4

    assert f"4 attempts for {name} have failed within an hour" in crew.obtain(DOMAIN=name).stderr
    assert crew.first.orders() == orders + 4
    # Others may still be asked for.
    assert "is unchanged" in crew.obtain().stdout


def test_an_authority_that_is_not_trusted_or_not_there(crew: Crew) -> None:
    elsewhere = crew.obtain(ACME_SERVER="https://first:14999/dir").stderr
    assert "FAIL: https://first:14999/dir cannot be reached from here." in elsewhere
    mozilla = "REQUESTS_CA_BUNDLE=/usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt"
    other_name = f"DOMAIN={crew.second.closed}"  # for one that has its certificate, no authority would be asked
    run = ("run", "--rm", "--env", mozilla, "--env", other_name, "letsencrypt", "obtain")
    untrusted = crew.hub.compose(*run, check=False).stderr
    assert "is not trusted" in untrusted
    assert "secrets/ca.crt" in untrusted


def test_plain_http_is_for_the_authority_and_leads_others_to_https(crew: Crew) -> None:
    hub = crew.hub
    plain = f"http://127.0.0.1:{hub.settings['HTTP_PORT']}"
    challenge = "/srv/letsencrypt/www/.well-known/acme-challenge"
    hub.compose("exec", "letsencrypt", "sh", "-c", f"mkdir -p {challenge} && echo serenity >{challenge}/the-token_1")
    found = requests.get(f"{plain}/.well-known/acme-challenge/the-token_1", timeout=10, allow_redirects=False)
    assert (found.status_code, found.text) == (200, "serenity\n")
    hub.compose("exec", "letsencrypt", "rm", f"{challenge}/the-token_1")
    for path in ("the-token_1", "none"):
        assert requests.get(f"{plain}/.well-known/acme-challenge/{path}", timeout=10).status_code == 404
    for path in ("/hub/login?next=%2F", "/.well-known/acme-challenge/..%2F..%2F..%2Fcurrent%2Fprivkey.pem"):
        moved = requests.get(plain + path, timeout=10, allow_redirects=False)
        assert (moved.status_code, moved.headers["Location"]) == (301, hub.url + path)
    with socket.create_connection(("127.0.0.1", int(hub.settings["HTTP_PORT"])), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")  # to which host?
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_a_pair_that_cannot_be_used_leaves_the_one_in_use(crew: Crew) -> None:
    serial = crew.serial(crew.first)
    service = f"{crew.hub.project}-letsencrypt"
    half_written = (
        "cd /srv/letsencrypt && mkdir half && cp current/fullchain.pem half/ && "
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out half/privkey.pem && "
        "ln -s half new && mv -T new current"
    )
    crew.hub.docker("pause", service)  # it would lead the link back
    try:
        crew.hub.compose("run", "--rm", "--no-deps", "--entrypoint", "sh", "letsencrypt", "-c", half_written)
        complaint = "The certificate at /srv/letsencrypt/current/fullchain.pem cannot be used:"
        wait_for(lambda: complaint in crew.hub.compose("logs", "proxy").stdout, 15, "the proxy's complaint")
        assert crew.serial(crew.first) == serial
    finally:
        crew.hub.docker("unpause", service)
    assert "is unchanged" in crew.obtain().stdout
    readlink = ("exec", "letsencrypt", "readlink", "/srv/letsencrypt/current")
    assert crew.hub.compose(*readlink).stdout.endswith(f"/live/{DOMAIN}\n")


def test_no_key_is_in_a_log(crew: Crew) -> None:
    key = crew.hub.compose("exec", "letsencrypt", "cat", "/srv/letsencrypt/current/privkey.pem").stdout.splitlines()
    assert key[0].endswith("PRIVATE KEY-----")
    logs = crew.hub.compose("logs").stdout
    assert f"The certificate for DNS:{DOMAIN} is in use" in logs
    assert [line for line in (*key, crew.hub.settings["EMAIL"]) if line in logs] == []


def test_a_wrong_name_is_explained_by_make_up(crew: Crew) -> None:
    serial = crew.serial(crew.first)
    done = crew.hub.make("up", env={"DOMAIN": NOWHERE}, check=False)
    assert done.returncode != 0
    assert f"FAIL: {NOWHERE} has no address" in done.stderr
    assert "FAIL: these services are not healthy: letsencrypt;" in done.stderr
    container = json.loads(crew.hub.docker("inspect", f"{crew.hub.project}-letsencrypt").stdout)[0]
    assert container["State"]["Health"]["Status"] == "unhealthy"
    assert f"There is no certificate for {NOWHERE}." in container["State"]["Health"]["Log"][-1]["Output"]
    assert crew.serial(crew.first) == serial  # the one of before stays
    crew.hub.up()


def test_bad_settings_are_refused_by_name(crew: Crew) -> None:
    bad = {"DOMAIN": "https://hub.example.test/", "EMAIL": "zoe", "ACME_SERVER": "live", "SECRETS_VOLUME": "-x"}
    said = crew.hub.make("build", env=bad, check=False).stderr
    assert "FAIL: 4 settings cannot be used:" in said
    assert [name for name, value in bad.items() if f"{name} (.env or the shell) is {value!r}" not in said] == []

    missing = crew.hub.make("build", env={"DOMAIN": "", "EMAIL": ""}, check=False).stderr
    assert "FAIL: 2 settings cannot be used:" in missing
    assert [name for name in ("DOMAIN", "EMAIL") if f"  {name} is missing: add the line {name}=…" not in missing] == []

    contradictory = crew.hub.make("build", env={"TLS": "off"}, check=False).stderr
    assert "  TLS (.env or the shell) is 'off'" in contradictory


def test_the_volume_outlives_the_deployment(crew: Crew) -> None:
    serial, orders = crew.serial(crew.first), crew.first.orders()
    crew.hub.compose("down", "--volumes")
    assert crew.hub.settings["SECRETS_VOLUME"] in crew.hub.docker("volume", "ls", "--quiet").stdout.split()
    crew.hub.compose("up", "--detach", "--wait")
    assert (crew.serial(crew.first), crew.first.orders()) == (serial, orders)
