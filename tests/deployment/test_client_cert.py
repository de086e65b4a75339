"""`make client-cert`: packages and files of all kinds, what is refused, who can read the result, and `make users`."""

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from support.deployment import PREFIX, Deployment
from support.gateway import FILES, Gateway
from support.people import users
from support.pki import OLD_CIPHERS, Authority, Pair, rsa_key

PASSWORD = "a $ecret #1 'of' the package"
ODD = "o.hara@example.org"
TEXT = "Bag Attributes\n    friendlyName: Spark Client Cert\nsubject=/C=US/O=IBM/CN=zoe\n"
BLOCKS = re.compile(r"(?:-----BEGIN ([A-Z ]+)-----\n[A-Za-z0-9+/=\n]+-----END \1-----\n)+")


@dataclass
class Office:
    """A hub that wants certificates, and the authorities that issue them. No gateway needs to run."""

    hub: Deployment
    root: Authority
    below: Authority

    @property
    def chain(self) -> str:
        """Both authorities."""
        return self.below.certificate_pem + self.root.certificate_pem

    @property
    def gateway(self) -> Gateway:
        """For a look into the volumes."""
        return Gateway(self.hub)

    def write(self, name: str, text: str) -> str:
        """Write a file, to be named to make."""
        return str(self.hub.write(f"secrets/{name}", text))

    def package(self, pair: Pair, *options: str, password: str = PASSWORD, chain: str | None = None) -> str:
        """A PKCS#12 package."""
        path = self.hub.root / "secrets/some.p12"
        return str(pair.package(path, password, self.chain if chain is None else chain, *options))

    def store(self, name: str, *arguments: str, password: str = PASSWORD) -> str:
        """Store a certificate and return what is printed on stdout."""
        return self.hub.make("client-cert", f"USER={name}", *arguments, self.password(password)).stdout

    def refuse(self, *arguments: str, password: str = PASSWORD, name: str = "zoe") -> str:
        """Try to store a certificate and return what is printed on stderr."""
        done = self.hub.make("client-cert", f"USER={name}", *arguments, self.password(password), check=False)
        assert done.returncode != 0, done.stdout
        assert PASSWORD not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    def password(self, password: str) -> str:
        """The word for make that names a file with a password."""
        return f"PASSWORD_FILE={self.write('some.password', password)}"

    def stored(self, name: str) -> dict[str, str]:
        """The files in a user's volume, with their content."""
        return {file: self.gateway.in_volume(name, "cat", f"/pki/{file}") for file in FILES.values()}


@pytest.fixture(scope="module")
def office(make_deployment: Callable[..., Deployment]) -> Office:
    hub = make_deployment(f"{PREFIX}certs", KG_URL="https://gateway.example.org:8888", **FILES)
    hub.write("userlist", f"admin admin\nzoe\nwash\nmal\nkaylee\n{ODD}\n")
    hub.up()
    root = Authority.make("Serenity Root")
    return Office(hub, root, Authority.make("Serenity Users", above=root))


@pytest.fixture
def pair(office: Office) -> Pair:
    return office.below.issue("zoe")


# --- What is taken ---


@pytest.mark.parametrize("options", [(), OLD_CIPHERS], ids=["today's ciphers", "old ciphers"])
def test_a_package(office: Office, pair: Pair, options: tuple[str, ...]) -> None:
    shown = office.store("zoe", f"P12={office.package(pair, *options)}")
    end = pair.certificate.not_valid_after_utc
    assert shown == f"  Subject  CN=zoe\n  Issuer   CN=Serenity Users\n  Expires  {end:%Y-%m-%d %H:%M} UTC\n"
    assert office.hub.make("client-cert", "USER=Zoe").stdout == shown
    assert office.stored("zoe") == {
        "key.pem": pair.key_pem,
        "cert.pem": pair.certificate_pem + office.below.certificate_pem,
        "cacert.pem": office.chain,
    }


def test_a_package_as_text(office: Office, pair: Pair) -> None:
    """RACF's PKCS12B64."""
    path = Path(office.package(pair))
    lines = office.hub.run("base64", str(path)).stdout
    text = office.write("text.p12", f"-----BEGIN PKCS12-----\n{lines}-----END PKCS12-----\n")
    assert "CN=zoe" in office.store("zoe", f"P12={text}")
    assert office.stored("zoe")["key.pem"] == pair.key_pem


def test_a_package_without_a_password(office: Office, pair: Pair) -> None:
    assert "CN=zoe" in office.store("zoe", f"P12={office.package(pair, password='')}", password="")


def test_a_package_without_authorities_and_a_file_of_them(office: Office, pair: Pair) -> None:
    package = office.package(pair, chain="")
    assert "CN=zoe" in office.store("zoe", f"P12={package}", f"CA={office.write('ca.pem', office.chain)}")
    assert office.stored("zoe")["cacert.pem"] == office.chain


def test_three_files_with_text_around(office: Office, pair: Pair) -> None:
    key = office.write("key.pem", TEXT + pair.encrypted_key_pem(PASSWORD))
    cert = office.write("cert.pem", TEXT + pair.certificate_pem)
    ca = office.write("ca.pem", TEXT + office.below.certificate_pem + TEXT + office.root.certificate_pem)
    office.store("zoe", f"KEY={key}", f"CERT={cert}", f"CA={ca}")
    stored = office.stored("zoe")
    assert stored["key.pem"] == pair.key_pem
    assert [name for name, text in stored.items() if not BLOCKS.fullmatch(text)] == []


def test_who_can_read_it(office: Office, pair: Pair) -> None:
    office.store("zoe", f"P12={office.package(pair)}")
    listed = office.gateway.in_volume("zoe", "sh", "-c", "stat -L -c '%a %u %n' /pki/*.pem").splitlines()
    assert listed == [f"400 1000 /pki/{name}" for name in sorted(FILES.values())]
    assert office.gateway.in_volume("zoe", "sh", "-c", "ls -A /pki | grep -c set") == "1\n", "the old ones are removed"


def test_another_image_has_another_user(office: Office, pair: Pair) -> None:
    image = f"{office.hub.project}-other:1"
    dockerfile = f"FROM {office.hub.project}-user\nUSER root\nRUN useradd --uid 4321 other\nUSER other\n"
    office.hub.docker("build", "--quiet", "--tag", image, "-", stdin=dockerfile)
    package = f"P12={office.package(pair)}"
    words = ("client-cert", "USER=mal", package, office.password(PASSWORD))
    office.hub.make(*words, env={"DOCKER_NOTEBOOK_IMAGE": image})
    assert office.gateway.in_volume("mal", "stat", "-L", "-c", "%a %u", "/pki/key.pem") == "400 4321\n"


def test_the_server_of_an_odd_name_finds_its_own(office: Office) -> None:
    token = office.hub.token()
    office.hub.start_server(ODD, token=token)
    container = office.hub.container(ODD)
    template = "{{range .Mounts}}{{.Destination}} {{.Name}} {{.RW}}\n{{end}}"
    assert (
        f"/etc/jupyterpki {office.hub.project}-pki-o-2ehara-40example-2eorg false"
        in office.hub.docker("inspect", "--format", template, container).stdout
    )
    # It runs already, and sees it at once.
    office.store(ODD, f"P12={office.package(office.below.issue(ODD))}")
    read = office.hub.docker("exec", container, "cat", "/etc/jupyterpki/cert.pem").stdout
    assert read == office.gateway.in_volume("o-2ehara-40example-2eorg", "cat", "/pki/cert.pem")


# --- The password ---


def test_the_password_is_asked_for_without_echo(office: Office, pair: Pair) -> None:
    package = office.package(pair)
    command = f"make --no-print-directory client-cert USER=zoe P12={shlex.quote(package)}"
    with watching_processes(PASSWORD) as seen:
        shown = typed(office.hub, command, f"Password of {package}: ", PASSWORD)
    assert "Subject  CN=zoe" in shown
    assert PASSWORD not in shown
    assert seen == []


def typed(hub: Deployment, command: str, prompt: str, answer: str) -> str:
    """What a terminal shows where a command runs, and its question is answered."""
    process = subprocess.Popen(
        ["script", "--quiet", "--return", "--command", command, "/dev/null"],
        cwd=hub.root,
        env=os.environ | hub.settings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stdin
    assert process.stdout
    shown = b""
    while prompt.encode() not in shown:
        more = process.stdout.read(1)
        assert more, shown.decode()
        shown += more
    process.stdin.write(f"{answer}\n".encode())
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, rest.decode()
    return (shown + rest).decode()


def test_without_a_terminal_a_file_is_asked_for(office: Office, pair: Pair) -> None:
    # A session of its own has no terminal.
    words = ("setsid", "--wait", "make", "client-cert", "USER=zoe", f"P12={office.package(pair)}")
    done = office.hub.run(*words, check=False)
    assert done.returncode != 0
    assert "there is no terminal to ask for the password on" in done.stderr
    assert "PASSWORD_FILE=file" in done.stderr


class watching_processes(list[str]):  # noqa: N801 -- a context manager
    """Within it, the command lines and environments of all processes that have a word in them are collected."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word = word.encode()
        self._end = Event()
        self._thread = Thread(target=self._watch)

    def __enter__(self) -> "watching_processes":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.is_set():
            for path in (*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")):
                try:
                    if self._word in path.read_bytes():
                        self.append(str(path))
                except OSError:
                    continue  # it has ended


# --- What is refused ---


@pytest.fixture(scope="module")
def before(office: Office) -> dict[str, str]:
    """What is stored, and has to stay."""
    office.store("zoe", f"P12={office.package(office.below.issue('zoe'))}")
    return office.stored("zoe")


def test_what_cannot_be_used_changes_nothing(office: Office, before: dict[str, str], pair: Pair) -> None:
    """One test, because each try takes two seconds."""
    below, other = office.below, Authority.make("The Alliance")
    truncated = Path(office.package(pair)).read_bytes()[:-100]
    (office.hub.root / "secrets/half.p12").write_bytes(truncated)
    key, cert = office.write("key.pem", below.issue("zoe").key_pem), office.write("cert.pem", pair.certificate_pem)
    ca = office.write("ca.pem", office.chain)
    p12 = office.package
    yesterday, tomorrow = timedelta(days=-1), timedelta(days=1)
    day = f"{datetime.now(UTC) + yesterday:%Y-%m-%d}"
    tries: dict[str, tuple[str, Callable[[], str]]] = {
        "expired": (
            f"the certificate expired on {day}",
            lambda: office.refuse(f"P12={p12(below.issue('zoe', begin=3 * yesterday, end=yesterday))}"),
        ),
        "too early": (
            "the certificate is not valid before",
            lambda: office.refuse(f"P12={p12(below.issue('zoe', begin=tomorrow))}"),
        ),
        "foreign": (
            "does not verify against its authorities: unable to get local issuer certificate",
            lambda: office.refuse(f"P12={p12(other.issue('zoe'))}"),
        ),
        "no authority": (
            "there is no certificate of an authority",
            lambda: office.refuse(f"P12={p12(pair, chain='')}"),
        ),
        "half a chain": (
            "add the certificates of all authorities above it: CA=file",
            lambda: office.refuse(f"P12={p12(pair, chain=below.certificate_pem)}"),
        ),
        "1024 bits": (
            "make a new certificate with an RSA key of 2048 bits",
            lambda: office.refuse(f"P12={p12(below.issue('zoe', key=rsa_key(1024)))}"),
        ),
        "wrong password": (
            "the password does not open the package",
            lambda: office.refuse(f"P12={p12(pair)}", password="another"),
        ),
        "half a file": (
            "this is not a whole PKCS#12 package",
            lambda: office.refuse(f"P12={office.hub.root}/secrets/half.p12"),
        ),
        "not a package": ("this is not a whole PKCS#12 package", lambda: office.refuse(f"P12={ca}")),
        "another key": (
            "key and certificate do not belong together",
            lambda: office.refuse(f"KEY={key}", f"CERT={cert}", f"CA={ca}"),
        ),
        "not a key": ("KEY is not a private key", lambda: office.refuse(f"KEY={ca}", f"CERT={cert}", f"CA={ca}")),
        "not a certificate": (
            "CERT is not a certificate",
            lambda: office.refuse(f"KEY={key}", f"CERT={key}", f"CA={ca}"),
        ),
        "too little": ("give P12=file, or KEY=file CERT=file CA=file", lambda: office.refuse(f"KEY={key}", f"CA={ca}")),
        "no file": ("nowhere.p12 cannot be read", lambda: office.refuse("P12=nowhere.p12")),
    }
    for what, (message, attempt) in tries.items():
        said = attempt()
        assert message in said, f"{what}: {said}"
        assert "Fix: " in said, what
    assert office.stored("zoe") == before


def test_an_unknown_user(office: Office, pair: Pair) -> None:
    assert "there is no user 'niska'" in office.refuse(f"P12={office.package(pair)}", name="niska")
    volumes = office.hub.docker("volume", "ls", "--quiet").stdout.split()
    assert f"{office.hub.project}-pki-niska" not in volumes
    assert "FAIL: no user was named." in office.refuse(f"P12={office.package(pair)}", name="")


def test_there_is_none_to_show(office: Office) -> None:
    said = office.hub.make("client-cert", "USER=kaylee", check=False)
    assert said.returncode != 0
    assert "make client-cert USER=kaylee P12=file" in said.stderr
    assert f"{office.hub.project}-pki-kaylee" not in office.hub.docker("volume", "ls", "--quiet").stdout.split()


# --- make users ---


def test_the_table_of_users_has_the_state_of_each(office: Office, before: dict[str, str]) -> None:
    soon = datetime.now(UTC) + timedelta(days=7)
    package = office.package(office.below.issue("wash", end=timedelta(days=7)))
    office.store("wash", f"P12={package}")
    office.store("mal", f"P12={package}")
    office.gateway.put("mal", office.below.issue("mal", end=timedelta(hours=-1)))
    notes = {name: row["note"] for name, row in users(office.hub).items()}
    assert notes["zoe"] == ""
    assert notes["kaylee"] == "no client certificate"
    assert notes["wash"] == f"client certificate until {soon:%Y-%m-%d}"
    assert notes["mal"].startswith("client certificate expired on ")


def test_a_gateway_that_wants_none(office: Office, pair: Pair) -> None:
    before = dict(office.hub.settings)
    office.hub.set_env(**dict.fromkeys(FILES, ""))
    try:
        office.hub.compose("up", "--detach", "--wait")
        assert not users(office.hub)["kaylee"].get("note")
        assert "no client certificates are wanted" in office.refuse(f"P12={office.package(pair)}")
    finally:
        office.hub.settings = before


# --- Settings that cannot be used ---


def test_bad_settings_are_refused_at_the_build_and_at_the_start(office: Office) -> None:
    bad = {"KG_URL": "gateway.example.org", "VALIDATE_KG_CERT": "perhaps"}
    built = office.hub.make("build", env=bad, check=False)
    words = [word for name, value in bad.items() for word in ("--env", f"{name}={value}")]
    started = office.hub.compose("run", "--rm", "--no-deps", "--no-TTY", *words, "hub", check=False)
    for done in (built, started):
        assert done.returncode != 0
        said = done.stdout + done.stderr
        assert "FAIL: 2 settings cannot be used:" in said
        assert [name for name, value in bad.items() if f"  {name} (.env or the shell) is {value!r}" not in said] == []


# --- Moving in ---


def test_files_of_an_old_server_come_over_as_the_readme_says(office: Office) -> None:
    readme = (office.hub.root / "examples/kernel-gateway/README.md").read_text()
    [command] = re.findall(r"^\$ (tar -C old-files .*)$", readme, re.MULTILINE)
    office.hub.write("old-files/deep/plan.ipynb", "{}")
    volume = f"{office.hub.project}-user-kaylee"
    ours = command.replace("jupyterhub-user-zoe", volume).replace("jupyterhub-user ", f"{office.hub.project}-user ")
    assert ours.count(office.hub.project) == 2
    office.hub.run("bash", "-c", ours)
    office.hub.start_server("kaylee", token=office.hub.token())
    code = "open('deep/plan.ipynb', 'a').close(); print(open('deep/plan.ipynb').read())"
    done = office.hub.docker("exec", office.hub.container("kaylee"), "python", "-c", code)
    assert done.stdout == "{}\n"
