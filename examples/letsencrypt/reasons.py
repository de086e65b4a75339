"""Why there is no certificate, and what mends it: certbot's output turned into one message."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

PORT = 80


class CertificateError(Exception):
    """There is no certificate, or no new one.

    Attributes:
        asked: whether the authority was asked at all.
        counts: whether it has looked at the name, which it limits: five failures an hour.
    """

    def __init__(self, what: str, why: str, cure: str, *, asked: bool = False, counts: bool = False) -> None:
        super().__init__(f"FAIL: {what}.\n      The reason: {why}\n      To mend it: {cure}")
        self.asked, self.counts = asked, counts


@dataclass(frozen=True)
class Case:
    """A kind of failure; `{…}` in its texts are those of `_words`."""

    pattern: str
    what: str
    cure: str
    asked: bool = True


TRUST = "copy the certificate of the CA that signed it to secrets/ca.crt, then: make up"
RECORD = "at your DNS provider, let {domain} lead to this machine's public address (an A record)"
OPEN = (
    "open port 80 to the internet as far as this machine: the provider's firewall, this machine's, a router between. "
    "From outside, http://{domain} has to lead to https://{domain}. {addresses}{ports}"
)

# The first that fits counts: those of the way to the authority, because their texts speak of refused connections, too.
CASES = (
    Case("CERTIFICATE_VERIFY_FAILED", "the certificate of {server} cannot be trusted", TRUST, asked=False),
    Case(
        r"requests\.exceptions|ValueError: Requesting|socket\.gaierror|NewConnectionError",
        "{server} cannot be reached from here",
        "let this machine's containers open connections to it; is the address right (ACME_SERVER)?",
        asked=False,
    ),
    Case(
        r"accountDoesNotExist|Account \S+ not found",
        "{server} does not know the account any more",
        "forget it, then try again: docker compose run --rm --entrypoint rm letsencrypt -r {accounts}",
    ),
    Case(
        "[Rr]ate limit|too many",
        "{server} has had too many requests, and takes no more for now",
        "wait until the time that it names, if it does, or a week; to try things out there is ACME_SERVER=staging",
    ),
    Case(
        "invalid email|invalid contact|[Cc]ontact email|Unable to register an account",
        "{server} does not accept EMAIL={email}",
        "write an address that can get mail into .env, then: docker compose up -d",
    ),
    Case(
        r"forbidden by policy|policy forbids|rejectedIdentifier|does not end with a valid public suffix",
        "{server} signs nothing for {domain}",
        "DOMAIN has to be a name that you own, in the public DNS",
    ),
    Case(
        r"Type:\s+caa|CAA record",
        "a CAA record of {domain} says that {server} must not sign for it",
        'delete the record, or let it name the authority; for Let\'s Encrypt: 0 issue "letsencrypt.org"',
    ),
    Case(
        r"no such host|NXDOMAIN|SERVFAIL|DNS problem|Type:\s+dns|no valid A records",
        "{server} does not find the address of {domain}",
        f"{RECORD}. A new record may need an hour until the whole world knows it; SERVFAIL means that the DNS "
        "servers of the domain are at fault (often DNSSEC)",
    ),
    Case(
        "[Cc]onnection refused", "nothing answers at port 80 of {domain}", f"make up, if the hub does not run; {OPEN}"
    ),
    Case(
        r"[Tt]imeout|timed out|no route to host|unreachable|deadline exceeded",
        "nobody gets through to port 80 of {domain}",
        OPEN,
    ),
    Case(
        r"Type:\s+unauthorized|Invalid response|Non-200|Type:\s+connection",
        "something else than this hub answers at port 80 of {domain}",
        "{domain} has to lead to this machine, and port 80 there to the hub's HTTP_PORT. Another web server, an old "
        "address, a CDN in between? {addresses}{ports}",
    ),
)
UNKNOWN = Case("", "certbot could not get a certificate for {domain}", "act on what it says")


def explain(output: str, words: dict[str, str]) -> CertificateError:
    """What certbot's output means.

    Args:
        output: all that it has printed.
        words: for the texts: domain, email, server, accounts, addresses, ports.
    """
    said = own_words(output)
    case = next((case for case in CASES if re.search(case.pattern, said)), UNKNOWN)
    what, cure = case.what.format_map(words), case.cure.format_map(words).strip()
    why = re.sub(r"Type: \S+ Detail: ", "", said)
    return CertificateError(what, why, cure, asked=case.asked, counts="failed to authenticate" in output)


def own_words(output: str) -> str:
    """The lines of the output that tell the reason, in one."""
    reported = re.findall(r"^ +(Type: .*|Detail: .*)$", output, re.MULTILINE)
    unexpected = re.search(r"unexpected error occurred:\n(.*?)(?:\nAsk for help|\Z)", output, re.DOTALL)
    if not reported and unexpected:
        reported = [unexpected[1]]
    noise = r"^(Saving debug log|Ask for help|Requesting a|Account registered|Renewing an|- - -).*$"
    return " ".join(" ".join(reported or [re.sub(noise, "", output, flags=re.MULTILINE)]).split())


def addresses_of(domain: str) -> list[str]:
    """The IP addresses of a name.

    Raises:
        CertificateError: it has none. Whoever asked the authority now would only come nearer to its limits.
    """
    try:
        found = socket.getaddrinfo(domain, PORT, type=socket.SOCK_STREAM)
    except OSError as error:
        raise CertificateError(
            f"{domain} has no address, so the authority was not asked",
            f"looked up from here: {error.strerror}",
            f"correct DOMAIN in .env, or {RECORD.format(domain=domain)}; the service looks again in a minute",
        ) from None
    return sorted({str(entry[4][0]) for entry in found})


def about_addresses(domain: str, addresses: Iterable[str]) -> str:
    """What the name's addresses tell the one who looks for the fault."""
    addresses = list(addresses)
    ipv6 = " The hub's ports are open on IPv4 alone: an AAAA record has to go." if ":" in "".join(addresses) else ""
    return f"Seen from here, {domain} is {', '.join(addresses)}.{ipv6} "


def about_ports(http_port: str, bind_address: str) -> str:
    """What the settings of the ports mean for an authority, which comes to port 80 and no other."""
    told = ""
    if http_port != str(PORT):
        told += (
            f"The authority only comes to port 80, and HTTP_PORT={http_port}: what is in front has to lead 80 there. "
        )
    if bind_address.startswith("127."):
        told += f"With BIND_ADDRESS={bind_address} nobody but this machine gets to the hub. "
    return told
