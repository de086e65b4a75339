"""`make client-cert`, and what `make users` says of certificates: beside the Engine, with the users' volumes."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from docker.errors import NotFound
from docker.types import Mount

from host.engine import Done, Host
from host.x509 import SOON
from hub.errors import OperatorError, RelayedError
from hub.names import escaped

from .settings import GatewaySettings, prefix

PROGRAM = "examples.kernel-gateway.pki"
FILES = ("p12", "key", "cert", "ca")
COMBINATIONS = ("", "p12", "p12 ca", "key cert ca")
USAGE = "make client-cert USER=name P12=file"
READ, WRITE = ["DAC_OVERRIDE"], ["CHOWN", "DAC_OVERRIDE", "FOWNER"]


def client_cert(host: Host, values: GatewaySettings, arguments: Sequence[str]) -> None:
    """Store the files that were given as a user's certificate; without files, show the one that is there.

    Raises:
        OperatorError: it cannot be done.
    """
    if not values.wants_certificates:
        raise OperatorError(
            "no client certificates are wanted: KG_URL, CLIENT_KEY, CLIENT_CERT and CLIENT_CA are not all set",
            "set them as in examples/kernel-gateway/README.md, then run: make up",
        )
    if len(arguments) != 1 or not arguments[0]:
        raise OperatorError("no user was named", USAGE)
    given = {name: content for name in (*FILES, "password") if (content := host.checkout.given(name))}
    if " ".join(name for name in FILES if name in given) not in COMBINATIONS:
        raise OperatorError(
            "expected a package, or key, certificate and authority", "give P12=file, or KEY=file CERT=file CA=file"
        )
    user = _known(host, arguments[0])
    volume = prefix(host.project) + escaped(user)
    if "p12" in given or "key" in given:
        uid = host.found.hub.nb_uid or host.user_of(host.found.hub.docker_notebook_image)
        names = (values.client_key, values.client_cert, values.client_ca)
        mount = Mount("/pki", volume, no_copy=True)
        files = {f"/given/{name}": content for name, content in given.items()}
        _print(host.module(PROGRAM, "store", *names, str(uid), mounts=[mount], files=files, cap_add=WRITE))
        print(f"==> Stored for {user}: a running server uses it from now on, without a restart.", file=sys.stderr)
        return
    try:
        host.client.volumes.get(volume)
    except NotFound:
        raise OperatorError(f"{user} has no client certificate", f"make client-cert USER={user} P12=file") from None
    mount = Mount("/pki", volume, read_only=True)
    _print(host.module(PROGRAM, "show", values.client_cert, mounts=[mount], cap_add=READ))


def notes(host: Host, values: GatewaySettings) -> dict[str, str]:
    """What to say of users, by escaped name; `""` stands for those without a certificate."""
    return {"": "no client certificate"} | notes_of(_ends(host, values), datetime.now(UTC))


def notes_of(ends: Mapping[str, str], now: datetime) -> dict[str, str]:
    """What to say of certificates, by the user's escaped name.

    Args:
        ends: when each ends, as ISO 8601; empty for a volume without one.
        now: the time that counts.
    """
    found = {}
    for name, end in ends.items():
        if end:
            until = datetime.fromisoformat(end)
            found[name] = f"client certificate until {until:%Y-%m-%d}" if until < now + SOON else ""
            if until < now:
                found[name] = f"client certificate expired on {until:%Y-%m-%d}"
    return found


def _ends(host: Host, values: GatewaySettings) -> dict[str, str]:
    """When each user's certificate ends, by escaped name, as ISO 8601; empty for a volume without one."""
    begin = prefix(host.project)
    volumes = [each.name for each in host.client.volumes.list(filters={"name": f"^{begin}"})]
    if not volumes:
        return {}
    mounts = [Mount(f"/pki/{name.removeprefix(begin)}", name, read_only=True) for name in volumes]
    done = host.module(PROGRAM, "list", values.client_cert, mounts=mounts, cap_add=READ)
    return json.loads(done.out)


def _known(host: Host, name: str) -> str:
    user = name.strip().lower()
    if user not in {each["name"] for each in host.hub_users()["users"]}:
        raise OperatorError(f"there is no user {name!r}", "choose a name that 'make users' shows")
    return user


def _print(done: Done) -> None:
    if done.code:
        raise RelayedError(done.err)
    print(done.err, end="", file=sys.stderr)
    print(done.out, end="")
