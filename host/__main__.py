"""What `make` runs beside the Engine: scripts/host VERB. The checkout comes as a tar on stdin (host/checkout.py)."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from docker.errors import NotFound

from host import check, doctor, folders, generate, ports, secrets, servers, users
from host.checkout import Checkout, packed
from host.engine import Host
from hub import errors
from hub.errors import OperatorError
from hub.names import USER_LABEL
from hub.overlays import Overlay, overlays
from hub.overlays import Verb as OverlayVerb

type Run = Callable[[Host, Sequence[str]], None]


@dataclass(frozen=True)
class Verb:
    """A verb: what it does, and its help."""

    run: Run
    help: str


def say(text: str) -> None:
    """Print for a person: stdout is for what a verb makes."""
    if text:
        print(f"==> {text}", file=sys.stderr)


def prepare(host: Host, names: Sequence[str]) -> None:
    """Check everything; write a tar with what is missing in secrets/, and the number of the socket's group."""
    root = host.checkout.root
    made = with_tokens(host)
    warnings = list(check.settings_and_files(host))
    pair = secrets.pair(root, [*names, *check.names(host)])
    host.checkout.add(pair.files, {})
    warnings += check.pair(host)
    group = check.docker_host(host)
    facts = {"docker-gid": str(group).encode(), "images": "\n".join(missing_images(host)).encode()}
    sys.stdout.buffer.write(packed(made.files | pair.files | facts))
    sys.stderr.write(check.in_lines(warnings))
    for line in made.said + pair.said:
        say(line)


def with_tokens(host: Host) -> secrets.Made:
    """Make the tokens that are missing, for this run alone unless they are written: a new clone has none."""
    made = secrets.tokens(host.checkout.root)
    host.checkout.add(made.files, made.variables)
    return made


def make(host: Host, arguments: Sequence[str]) -> None:
    """Make network and volumes, and see that no image stays root, and with `ports` that the ports are free."""
    if arguments:
        ports.check(host)
    no_root(host)
    network_and_volumes(host)
    for line in folders.make(host):
        print(line, file=sys.stderr) if line.startswith("WARNING") else say(line)


def no_root(host: Host, _: Sequence[str] = ()) -> None:
    """See that no notebook image stays root, where NB_UID, NB_GID or GRANT_SUDO make servers start as root."""
    with_tokens(host)
    if doctor.rights.starts_as_root(host.found.hub):
        for image in doctor.images(host):
            doctor.refuse_root(host, image)


def network_and_volumes(host: Host, _: Sequence[str] = ()) -> None:
    """Make what must stay, unless it is there: Compose does not own it, so that `down -v` cannot delete it."""
    with_tokens(host)
    client = host.client
    volumes = [host.found.host.data_volume_host, *(name for each in host.found.overlays for name in each.volumes())]
    wanted = [("network", client.networks, host.found.hub.docker_network_name)]
    for kind, made, name in [*wanted, *(("volume", client.volumes, volume) for volume in volumes)]:
        try:
            made.get(name)
        except NotFound:
            made.create(name)
            say(f"Made the {kind} {name}")


def images(host: Host, _: Sequence[str]) -> None:
    """Print the notebook images to build or to pull, each on its own line."""
    with_tokens(host)
    print("\n".join(missing_images(host)))


def missing_images(host: Host) -> list[str]:
    """The notebook images to build or to pull: the own one always, another one where it is missing."""
    used = doctor.images(host)
    return [image for image in used if image == host.own_notebook_image or not host.image_id(image)]


def welcome(host: Host, _: Sequence[str]) -> None:
    """Print where to sign in, and whose servers are older."""
    print(f"\nJupyterHub is ready.\n\n{host.in_hub('python', '-m', 'hub.admin', 'welcome')}")
    print("Next: write names into userlist, then: make build && docker compose up -d && make users")
    older(host)


def running(host: Host, _: Sequence[str] = ()) -> None:
    """Print the servers that run, and whose servers a restart would change."""
    lines = [("SERVER", "STATUS", "USER", "IMAGE")]
    lines += [
        (each.name, each.status, each.labels[USER_LABEL], each.attrs["Config"]["Image"]) for each in host.servers()
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    older(host)


def older(host: Host) -> None:
    """Print whose servers a restart would change, where the hub can be asked."""
    hub = host.service("hub")
    if hub is None or hub.status != "running" or not host.servers():
        return
    if text := servers.sentence(servers.running(host, host.hub_users()["origin"])):
        print(f"\n{text}")


def stop(host: Host, _: Sequence[str]) -> None:
    """Stop every user's server."""
    if names := servers.stop_all(host):
        say(f"Stopped the servers of: {names}")


def clean(host: Host, _: Sequence[str]) -> None:
    """Remove images and network; the image that this runs in is for `make` to remove."""
    label = {"label": f"com.docker.compose.project={host.project}"}
    own = {tag for image in host.client.images.list(filters=label) for tag in image.tags}
    own |= {each["image"] for each in host.checkout.compose["services"].values()}
    for tag in sorted(own - {host.image, f"{host.image}:latest"}):
        if host.image_id(tag):
            host.client.images.remove(tag, force=True)
    with suppress(NotFound):
        host.client.networks.get(host.found.hub.docker_network_name).remove()
    say(f"Removed. Users' files and the hub's data stay in volumes: docker volume ls --filter name={host.project}")


def settings(host: Host, _: Sequence[str]) -> None:
    """Write a tar with what is generated from the settings."""
    files = generate.generated(host.checkout.root)
    sys.stdout.buffer.write(packed({str(path): text.encode() for path, text in files.items()}, mode=0o644))


VERBS = {
    "prepare": Verb(prepare, "check everything, and make what is missing in secrets/; NAME: this machine's names"),
    "make": Verb(make, "make network, volumes and shared folders; ports: see that these are free, too"),
    "volumes": Verb(network_and_volumes, "make network and volumes"),
    "no-root": Verb(no_root, "see that no notebook image stays root"),
    "images": Verb(images, "print the notebook images to build or pull"),
    "welcome": Verb(welcome, "print where to sign in"),
    "servers": Verb(running, "print the users' servers that run"),
    "users": Verb(lambda host, _: print(users.report(host)), "print the table of users"),
    "doctor": Verb(lambda host, _: doctor.print_report(host), "print a report on everything"),
    "stop": Verb(stop, "stop every user's server"),
    "clean": Verb(clean, "remove images and network"),
    "settings": Verb(settings, "write what is generated from the settings"),
}


def of_overlays() -> dict[str, Verb]:
    """The verbs that the choices in examples/ add."""
    return {
        name: Verb(partial(of_overlay, each, run), f"see examples/{each.folder()}")
        for each in overlays()
        for name, run in each.verbs.items()
    }


def of_overlay(kind: type[Overlay], run: OverlayVerb, host: Host, arguments: Sequence[str]) -> None:
    """Run a verb of a choice.

    Raises:
        OperatorError: the choice is not in use, or the verb has failed.
    """
    chosen = next((each for each in host.found.overlays if isinstance(each, kind)), None)
    if chosen is None:
        page = f"examples/{kind.folder()}/README.md"
        raise OperatorError(f"examples/{kind.folder()} is not in use", f"set what {page} says, then run: make up")
    run(chosen, host, arguments)


def main(arguments: Sequence[str]) -> None:
    """Run a verb.

    Raises:
        OperatorError: it cannot be done.
    """
    verbs = VERBS | of_overlays()
    parser = argparse.ArgumentParser(prog="scripts/host", description="What make runs beside the Docker Engine.")
    sub = parser.add_subparsers(dest="verb", required=True)
    for name, verb in verbs.items():
        sub.add_parser(name, help=verb.help).add_argument("arguments", nargs="*", metavar="ARGUMENT")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        checkout = Checkout.receive(sys.stdin.buffer, Path(folder))
        verbs[given.verb].run(Host(checkout), given.arguments)


if __name__ == "__main__":
    errors.run(partial(main, sys.argv[1:]))
