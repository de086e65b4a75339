"""Why there is no certificate, and how to fix it: certbot's output turned into one message."""

import re
import socket
from typing import NamedTuple

PORT = 80


class CertificateError(Exception):
    """There is no certificate, or no new one.

    Attributes:
        kind: a key of CASES, or `address` or `limit`: then the authority was not asked.
        counts: whether the authority has looked at the name, which it limits: five failures an hour.
    """

    def __init__(self, kind: str, what: str, why: str, fix: str, *, counts: bool = False) -> None:
        super().__init__(f"FAIL: {what}.\n      The reason: {why}\n      Fix: {fix}")
        self.kind, self.counts = kind, counts

    @property
    def asked(self) -> bool:
        """Whether the authority was asked at all."""
        return self.kind in CASES and CASES[self.kind].asked


class Case(NamedTuple):
    """A kind of failure, by a pattern in what certbot says; `{…}` in the texts are the words of `explain`."""

    pattern: str
    what: str
    fix: str
    asked: bool = True


RECORD = "add an A record for {domain} with this machine's public address at your DNS provider"

# The first that fits counts: those of the way to the authority, because their texts name refused connections, too.
CASES = {
    "trust": Case(
        "CERTIFICATE_VERIFY_FAILED",
        "the certificate of {server} is not trusted",
        "copy the certificate of the CA that signed it to secrets/ca.crt, then: make up",
        asked=False,
    ),
    "unreachable": Case(
        r"requests\.exceptions|ValueError: Requesting|socket\.gaierror|NewConnectionError",
        "{server} cannot be reached from here",
        "check the address in ACME_SERVER, and let this machine's containers connect to it",
        asked=False,
    ),
    "account": Case(
        r"accountDoesNotExist|Account \S+ not found",
        "{server} does not know the account any more",
        "delete it here, and try again: docker compose run --rm --entrypoint rm letsencrypt -r {accounts}",
    ),
    "rate": Case(
        "[Rr]ate limit|too many",
        "{server} has received too many requests",
        "wait until the time in the reason, or a week if it has none; for tests, set ACME_SERVER=staging",
    ),
    "email": Case(
        "invalid email|invalid contact|[Cc]ontact email|Unable to register an account",
        "{server} does not accept EMAIL={email}",
        "write an address that receives mail into .env, then: docker compose up -d",
    ),
    "policy": Case(
        r"forbidden by policy|policy forbids|rejectedIdentifier|does not end with a valid public suffix",
        "{server} signs no certificate for {domain}",
        "set DOMAIN to a name that you own in the public DNS",
    ),
    "caa": Case(
        r"Type:\s+caa|CAA record",
        "a CAA record of {domain} does not allow {server} to sign for it",
        'delete the record, or add the authority to it; for Let\'s Encrypt: 0 issue "letsencrypt.org"',
    ),
    "dns": Case(
        r"no such host|NXDOMAIN|SERVFAIL|DNS problem|Type:\s+dns|no valid A records",
        "{server} does not find the address of {domain}",
        f"{RECORD}. It can take an hour until a new record is known everywhere. SERVFAIL means that the domain's DNS "
        "servers do not work, often because of DNSSEC",
    ),
    "closed": Case(
        r"[Cc]onnection refused|[Tt]imeout|timed out|no route to host|unreachable|deadline exceeded",
        "port 80 of {domain} cannot be reached",
        "start the hub if it does not run: make up. Else open port 80 from the internet to this machine, in the "
        "provider's firewall, in this machine's and in the router. From outside, http://{domain} has to redirect to "
        "https://{domain}. {addresses}{ports}",
    ),
    "other": Case(
        r"Type:\s+unauthorized|Invalid response|Non-200|Type:\s+connection",
        "another program answers at port 80 of {domain}",
        "let {domain} lead to this machine, and port 80 there to the hub's HTTP_PORT. Look for another web server, an "
        "old address, a CDN in between. {addresses}{ports}",
    ),
    "unknown": Case("", "certbot could not get a certificate for {domain}", "correct what the reason says"),
}


def explain(output: str, words: dict[str, str]) -> CertificateError:
    """What certbot's output means.

    Args:
        output: all that it has printed.
        words: for the texts: domain, email, server, accounts, addresses, ports.
    """
    said = own_words(output)
    kind, case = next((kind, case) for kind, case in CASES.items() if re.search(case.pattern, said))
    what, fix = case.what.format_map(words), case.fix.format_map(words).strip()
    why = re.sub(r"Type: \S+ Detail: ", "", said)
    return CertificateError(kind, what, why, fix, counts="failed to authenticate" in output)


def own_words(output: str) -> str:
    """The lines of the output that have the reason, in one."""
    reported = re.findall(r"^ +(Type: .*|Detail: .*)$", output, re.MULTILINE)
    unexpected = re.search(r"unexpected error occurred:\n(.*?)(?:\nAsk for help|\Z)", output, re.DOTALL)
    if not reported and unexpected:
        reported = [unexpected[1]]
    noise = r"^(Saving debug log|Ask for help|Requesting a|Account registered|Renewing an|- - -).*$"
    return " ".join(" ".join(reported or [re.sub(noise, "", output, flags=re.MULTILINE)]).split())


def addresses_of(domain: str) -> list[str]:
    """The IP addresses of a name.

    Raises:
        CertificateError: it has none. To ask the authority now would only come nearer to its limits.
    """
    try:
        found = socket.getaddrinfo(domain, PORT, type=socket.SOCK_STREAM)
    except OSError as error:
        raise CertificateError(
            "address",
            f"{domain} has no address, so the authority was not asked",
            f"the lookup on this machine failed: {error.strerror}",
            f"correct DOMAIN in .env, or {RECORD.format(domain=domain)}; the service tries again in a minute",
        ) from None
    return sorted({str(entry[4][0]) for entry in found})


def about_addresses(domain: str, addresses: list[str]) -> str:
    """What a domain's addresses add to a fix."""
    ipv6 = " Delete the AAAA record: the hub's ports are open on IPv4 only." if ":" in "".join(addresses) else ""
    return f"On this machine, {domain} has the address {', '.join(addresses)}.{ipv6} "


def about_ports(http_port: str, bind_address: str) -> str:
    """What the settings of the ports add to a fix: an authority connects to port 80 and no other."""
    text = ""
    if http_port != str(PORT):
        text += f"The authority only connects to port 80: a router in front has to lead it to HTTP_PORT={http_port}. "
    if bind_address.startswith("127."):
        text += f"With BIND_ADDRESS={bind_address} only this machine reaches the hub. "
    return text
