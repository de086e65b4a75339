"""What `make` runs beside the Engine: scripts/host VERB. The checkout comes as a tar on stdin (host/checkout.py)."""

import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from docker.errors import NotFound

from host import (
    addresses,
    check,
    doctor,
    folders,
    generate,
    homes,
    ports,
    secrets,
    servers,
    slips,
    user_remove,
    users,
    users_import,
)
from host.checkout import Checkout, packed
from host.engine import Host
from hub import errors, paths
from hub.errors import OperatorError
from hub.names import USER_LABEL
from hub.overlays import overlays
from hub.servers import rights
from hub.servers.volumes import KEPT
from hub.sign_in.native.passwords import InitialPasswords

type Verb = Callable[[Host, Sequence[str]], None]


def say(text: str) -> None:
    """Print for a person: stdout is for what a verb makes."""
    print(f"==> {text}", file=sys.stderr)


def prepare(host: Host, arguments: Sequence[str]) -> None:
    """Check everything, before anything changes.

    Writes a tar with what is missing in secrets/, and with facts for scripts/build: the number of the socket's group,
    the notebook images to build or pull, and a file `make` when there is something for that verb to do.

    Args:
        host: the Docker host.
        arguments: the names of this machine for a self-signed certificate; `--ports` to see that these are free, too.
    """
    made = with_tokens(host)
    warnings = list(check.settings_and_files(host))
    needed = [*check.names(host), *addresses.of_network(host)]
    pair = secrets.pair(host.checkout.root, [*(name for name in arguments if name != "--ports"), *needed], needed)
    host.checkout.add(pair.files, {})
    trusted = secrets.authorities(host.checkout.root, host.checkout.given("authorities"))
    host.checkout.add(trusted.files, {})
    if not pair.files:
        warnings += check.pair(host)
    check.docker_host(host)
    warnings += [f"{refusal}. Fix: {check.GPU_CURE}." for _, refusal in check.gpus(host) if refusal]
    if "--ports" in arguments:
        ports.check(host)
    facts = {
        "docker-gid": str(Path("/var/run/docker.sock").stat().st_gid).encode(),
        "images": "\n".join(missing_images(host)).encode(),
    }
    missing = not all(there for *_, there in host.kept())
    if missing or host.found.folders or rights.starts_as_root(host.found.hub):
        facts["make"] = b""
    sys.stdout.buffer.write(packed(made.files | pair.files | trusted.files | facts))
    for warning in warnings:
        print(f"WARNING: {warning}", file=sys.stderr)
    for line in made.said + pair.said + trusted.said:
        say(line)


def with_tokens(host: Host) -> secrets.Made:
    """Make the tokens that are missing, for this run alone unless they are written: a new clone has none."""
    made = secrets.tokens(host.checkout.root)
    host.checkout.add(made.files, made.variables)
    return made


def make(host: Host, _: Sequence[str]) -> None:
    """Make network, volumes and shared folders, and see that no image stays root."""
    no_root(host)
    network_and_volumes(host)
    for line in folders.make(host):
        print(line, file=sys.stderr) if line.startswith("WARNING") else say(line)


def no_root(host: Host, _: Sequence[str] = ()) -> None:
    """See that no notebook image stays root, where NB_UID, NB_GID or GRANT_SUDO make servers start as root."""
    with_tokens(host)
    if rights.starts_as_root(host.found.hub):
        for image in host.notebook_images():
            doctor.refuse_root(host, image)


def network_and_volumes(host: Host, _: Sequence[str] = ()) -> None:
    """Make what must stay, unless it is there."""
    with_tokens(host)
    for kind, collection, name, there in host.kept():
        if not there:
            collection.create(name, **({"driver_opts": KEPT} if kind == "volume" else {}))
            say(f"Made the {kind} {name}")


def images(host: Host, _: Sequence[str]) -> None:
    """Print the notebook images to build or to pull, each on its own line."""
    with_tokens(host)
    print("\n".join(missing_images(host)))


def missing_images(host: Host) -> list[str]:
    """The notebook images to build or to pull: those called after the project always, others where they are missing."""
    own = f"{host.project}-"
    return [image for image in host.notebook_images() if image.startswith(own) or not host.image_id(image)]


def welcome(host: Host, _: Sequence[str]) -> None:
    """Print where to sign in, and whose servers are older."""
    found, admin = host.found, host.found.hub.jupyterhub_admin
    lines = [("Address", found.public_address)]
    if found.public_host == "localhost":
        lines += [("in this network", found.address_of(address)) for address in addresses.of_network(host)]
    lines.append(("Administrator", admin or "see make users"))
    if found.sign_in.has_accounts:
        initial = initial_passwords(host).get(admin.lower())
        lines.append(("Initial password", initial or f"the one you set (lost? make password USER={admin})"))
    else:
        lines.append(("Signing in", f"with {found.hub.jupyterhub_authenticator}"))
    print("\nJupyterHub is ready.\n", *(f"  {title:<17} {value}" for title, value in lines), sep="\n")
    print("\nNext: write names into userlist, then: make build && docker compose up -d && make users")
    older(host)


def initial_passwords(host: Host) -> dict[str, str]:
    """The initial passwords that are still in use, by name. A program in the hub's container takes a second for it."""
    with tempfile.TemporaryFile() as file, tempfile.TemporaryDirectory() as folder, suppress(NotFound):
        file.writelines(host.client.containers.get(host.project).get_archive(str(paths.INITIAL_PASSWORDS))[0])
        file.seek(0)
        with tarfile.open(fileobj=file) as tar:
            tar.extractall(folder, filter="data")
        return InitialPasswords(Path(folder) / paths.INITIAL_PASSWORDS.name).all()
    return {}


def running(host: Host, _: Sequence[str]) -> None:
    """Print the servers that run, and whose servers a restart would change."""
    lines = [("SERVER", "STATUS", "USER", "IMAGE")]
    lines += [
        (str(each.name), each.status, each.labels[USER_LABEL], each.attrs["Config"]["Image"]) for each in host.servers()
    ]
    print(users.columns(lines, "   "))
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
    tags = {tag for image in host.client.images.list(filters=label) for tag in image.tags}
    # An image that a person has built on top of one of ours has its labels, too.
    own = {tag for tag in tags if tag.startswith(f"{host.project}-")}
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


# The Makefile says what each is for; those of a choice in examples/ stand in its verbs.mk.
VERBS: dict[str, Verb] = {
    "prepare": prepare,
    "make": make,
    "volumes": network_and_volumes,
    "no-root": no_root,
    "images": images,
    "welcome": welcome,
    "servers": running,
    "users": lambda host, arguments: print(users.report(host, arguments)),
    "slips": slips.run,
    "user-show": user_remove.show,
    "user-remove": user_remove.run,
    "users-import": users_import.run,
    "doctor": lambda host, _: doctor.print_report(host),
    "stop": stop,
    "homes": homes.complete,
    "clean": clean,
    "settings": settings,
}


def of_choice(host: Host, verb: str, arguments: Sequence[str]) -> None:
    """Run a verb of a choice in examples/.

    Raises:
        OperatorError: no choice has it, or the choice is not in use, or the verb has failed.
    """
    kind = next((each for each in overlays() if verb in each.verbs), None)
    if kind is None:
        raise OperatorError(f"scripts/host has no verb {verb!r}", f"choose one of {', '.join(VERBS)}")
    chosen = next((each for each in host.found.overlays if isinstance(each, kind)), None)
    if chosen is None:
        page = f"examples/{kind.folder()}/README.md"
        raise OperatorError(f"examples/{kind.folder()} is not in use", f"set what {page} says, then run: make up")
    kind.verbs[verb](chosen, host, arguments)


def main(verb: str = "", *arguments: str) -> None:
    """Run a verb.

    Raises:
        OperatorError: it cannot be done.
    """
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Checkout.receive(sys.stdin.buffer, Path(folder)))
        if verb in VERBS:
            VERBS[verb](host, arguments)
        else:
            of_choice(host, verb, arguments)


if __name__ == "__main__":
    errors.run(main, *sys.argv[1:])
