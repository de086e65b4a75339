"""The certificate of DOMAIN: get it, renew it, and check it. The proxy finds it in the volume, under `current`.

Usage, in the container `letsencrypt`:
    certificate obtain           once, now: get it, or renew it when that is due
    certificate serve [SECONDS]  the same again and again, as long as the container runs
    certificate healthy          the health check: exit 1 with the reason when there is no valid certificate
"""

import fcntl
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from cryptography import x509

from examples.letsencrypt import reasons
from examples.letsencrypt.reasons import CertificateError

HOME = Path("/srv/letsencrypt")
# In the container: a new one starts without it.
LAST_FAILURE = Path("/tmp/failure")
# certbot renews at a third of the lifetime at the latest: twice a day is early enough, and what it recommends.
CHECK_SECONDS = 12 * 3600
# Let's Encrypt allows five failures an hour for a name: https://letsencrypt.org/docs/rate-limits/
LIMIT_SECONDS = 3600
FAILURES = 4
RETRY_SECONDS = 20 * 60
# When the authority was not asked.
RETRY_NOT_ASKED_SECONDS = 60

# The values of ACME_SERVER beside an address: where they are, and what they are called.
SERVERS = {
    "production": ("https://acme-v02.api.letsencrypt.org/directory", "Let's Encrypt"),
    "staging": ("https://acme-staging-v02.api.letsencrypt.org/directory", "Let's Encrypt (staging)"),
}


@dataclass(frozen=True)
class Order:
    """A certificate to get: for which name, from which server, into which folder.

    Each server has a folder of its own, so that a certificate of staging is never used for production.
    """

    domain: str
    email: str
    server: str
    home: Path = HOME

    @classmethod
    def from_environment(cls) -> Self:
        """The order of the settings."""
        return cls(os.environ["DOMAIN"], os.environ["EMAIL"], os.environ["ACME_SERVER"])

    @property
    def folder(self) -> Path:
        """Where certbot keeps what it has from this server: account, keys, certificates."""
        return self.home / "servers" / re.sub(r"[^a-z0-9.]+", "-", self.server.lower().removeprefix("https://"))

    @property
    def pair(self) -> Path:
        """The folder of the current certificate and key."""
        return self.folder / "live" / self.domain

    @property
    def failures(self) -> Path:
        """The times of the failures that the server has counted."""
        return self.folder / f"failures-{self.domain}"


# --- Getting it ---


def obtain(order: Order) -> str:
    """Get the certificate, or renew it when it is due, never before; returns what has happened.

    Raises:
        CertificateError: it did not work. The certificate that is there, if any, stays.
    """
    addresses = reasons.addresses_of(order.domain)
    refuse_too_many(order)
    before = certificate(order.pair)
    done = certbot(order)
    if done.returncode != 0:
        failure = reasons.explain(done.stdout, words(order, addresses))
        if failure.counts:
            remember_failure(order)
        raise failure
    order.failures.unlink(missing_ok=True)
    put_in_front(order)
    return report(order, before)


def certbot(order: Order) -> subprocess.CompletedProcess[str]:
    """Run certbot. It asks for no certificate as long as the one that is there is not due."""
    directory, _ = SERVERS.get(order.server, (order.server, ""))
    order.folder.mkdir(parents=True, exist_ok=True)
    webroot = order.home / "www"
    webroot.mkdir(exist_ok=True)
    command = ["certbot", "certonly", "--non-interactive", "--agree-tos", "--no-eff-email", "--email", order.email]
    command += ["--webroot", "--webroot-path", str(webroot), "--domain", order.domain, "--cert-name", order.domain]
    command += ["--keep-until-expiring", "--server", directory, "--config-dir", str(order.folder)]
    command += ["--work-dir", "/tmp/certbot", "--logs-dir", "/tmp/certbot", "--max-log-backups", "0"]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def put_in_front(order: Order) -> None:
    """Lead the proxy to this certificate, in one step, so that it finds a whole pair at any time."""
    link = order.home / "current"
    beside = order.home / "current.new"
    beside.unlink(missing_ok=True)
    beside.symlink_to(order.pair.relative_to(order.home))
    beside.replace(link)


def report(order: Order, before: x509.Certificate | None) -> str:
    """What obtaining it has changed."""
    now = certificate(order.pair)
    assert now is not None
    done = "unchanged: it is not due for renewal" if now == before else "new: the proxy uses it within 5 s"
    text = f"The certificate for {order.domain} is {done}.\n      {description(now)}"
    if order.server == "staging":
        text += "\n      Browsers do not trust staging. Next: ACME_SERVER=production, then: docker compose up -d"
    return text


def description(found: x509.Certificate) -> str:
    """A certificate in one line."""
    issuer = found.issuer.rfc4514_string()
    return f"Valid until {found.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, serial {found.serial_number:x}, from {issuer}"


def certificate(pair: Path) -> x509.Certificate | None:
    """The certificate of a pair's folder, if there is one."""
    try:
        return x509.load_pem_x509_certificate((pair / "fullchain.pem").read_bytes())
    except FileNotFoundError:
        return None


def words(order: Order, addresses: list[str]) -> dict[str, str]:
    """The words for the texts of reasons.py."""
    _, name = SERVERS.get(order.server, ("", order.server))
    return {
        "domain": order.domain,
        "email": order.email,
        "server": name,
        "accounts": str(order.folder / "accounts"),
        "addresses": reasons.about_addresses(order.domain, addresses),
        "ports": reasons.about_ports(os.environ.get("HTTP_PORT", "80"), os.environ.get("BIND_ADDRESS", "")),
    }


# --- Staying below the limit ---


def failure_times(order: Order) -> list[float]:
    """When the server has counted a failure within the last hour."""
    lines = order.failures.read_text().split() if order.failures.exists() else []
    return [when for when in map(float, lines) if time.time() - when < LIMIT_SECONDS]


def remember_failure(order: Order) -> None:
    """Count a failure, for this container and for later ones."""
    times = [*failure_times(order), time.time()]
    order.failures.write_text("\n".join(map(str, times)))


def refuse_too_many(order: Order) -> None:
    """Ask the server no more often than it allows, however many containers ask.

    Raises:
        CertificateError: the limit is near.
    """
    times = failure_times(order)
    if len(times) >= FAILURES:
        again = datetime.fromtimestamp(times[-FAILURES] + LIMIT_SECONDS, UTC)
        raise CertificateError(
            "limit",
            f"{FAILURES} attempts for {order.domain} have failed within an hour, so the authority was not asked",
            "Let's Encrypt allows five failures an hour, and then blocks the name for longer",
            f"correct what the attempts before report; the next attempt is after {again:%H:%M} UTC",
        )


@contextmanager
def alone(order: Order) -> Generator[None]:
    """Wait until no other container works on the volume, and keep it like that."""
    with (order.home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- The commands ---


def once(order: Order) -> None:
    """`obtain`: print what has happened."""
    try:
        with alone(order):
            print(obtain(order))
    except CertificateError as failure:
        sys.exit(str(failure))


def serve(order: Order, seconds: str = str(CHECK_SECONDS)) -> None:
    """`serve`: get it, and renew it when it is due; print what has happened, unless it is the same as before."""
    printed = ""
    while True:
        wait = float(seconds)
        with alone(order):
            try:
                text = obtain(order)
                LAST_FAILURE.unlink(missing_ok=True)
            except CertificateError as failure:
                text = f"{failure}\n      The hub goes on with the certificate that it has."
                LAST_FAILURE.write_text(text)
                wait = RETRY_SECONDS if failure.asked else RETRY_NOT_ASKED_SECONDS
        if text != printed:
            print(text, flush=True)
        printed = text
        time.sleep(wait)


def healthy(order: Order) -> None:
    """`healthy`: whether the proxy finds a valid certificate for DOMAIN, of the chosen server."""
    with alone(order):  # an attempt under way is not a failure yet
        found = certificate(order.pair)
        in_front = (order.home / "current").resolve() == order.pair.resolve()
    if not found or not in_front:
        reason = LAST_FAILURE.read_text() if LAST_FAILURE.exists() else "There was no attempt yet."
        sys.exit(f"There is no certificate for {order.domain}.\n{reason}")
    if found.not_valid_after_utc < datetime.now(UTC):
        sys.exit(f"The certificate for {order.domain} has expired. {description(found)}")
    print(description(found))


COMMANDS: dict[str, Callable[..., None]] = {"obtain": once, "serve": serve, "healthy": healthy}


def main(command: str, *arguments: str) -> None:
    """Entry point."""
    if command not in COMMANDS:
        sys.exit(f"FAIL: there is no command {command!r}.\n      Fix: choose one of {', '.join(COMMANDS)}")
    os.umask(0o077)
    COMMANDS[command](Order.from_environment(), *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
