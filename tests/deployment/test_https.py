"""HTTPS with a pair of one's own: what is served, what is refused, and where plain HTTP leads."""

import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP521R1, generate_private_key

from host import tls_pair
from hub.errors import OperatorError
from support.certificates import Signer
from support.deployment import PREFIX, Deployment
from support.waiting import wait_for

HOST = "hub.example.org"
HSTS = 3600
PROBE = ("openssl", "s_client", "-CAfile", "/dev/stdin", "-verify_return_error", "-servername", HOST)
# This client takes everything, so what is refused is refused by the proxy.
LENIENT = "ALL:@SECLEVEL=0"

type MakeDeployment = Callable[..., Deployment]

root = Signer("Root")
intermediate = Signer("Intermediate", root)
server = Signer(HOST, intermediate, names=(HOST, "localhost"))


def use_pair(deployment: Deployment, certificate: bytes, key: bytes, *, suffix: str = "crt", mode: int = 0o600) -> None:
    """Copy a pair into secrets/, in place of the one that is there."""
    for file in (deployment.root / "secrets").glob("jupyterhub.*"):
        file.unlink()
    deployment.write(f"secrets/jupyterhub.{suffix}", certificate.decode())
    deployment.write("secrets/jupyterhub.key", key.decode()).chmod(mode)


@pytest.fixture(scope="module")
def own(make_deployment: MakeDeployment) -> Deployment:
    """A deployment with a pair of its own, the certificate called .cer, as old instructions have it."""
    deployment = make_deployment(f"{PREFIX}https", HSTS_SECONDS=str(HSTS))
    use_pair(deployment, server.pem + intermediate.pem, server.private(), suffix="cer")
    deployment.up()
    return deployment


def port(deployment: Deployment, name: str = "HTTPS_PORT") -> str:
    return deployment.settings[name]


def served(deployment: Deployment) -> x509.Certificate:
    """The server's certificate."""
    address = ("127.0.0.1", int(port(deployment)))
    return x509.load_pem_x509_certificate(ssl.get_server_certificate(address).encode())


def shake_hands(deployment: Deployment, *options: str) -> str:
    """What openssl says of a connection, with the root alone as trust; an error when there is none."""
    command = [*PROBE, "-connect", f"127.0.0.1:{port(deployment)}", *options]
    # Nothing comes after the root on its stdin, so it ends after the handshake.
    done = subprocess.run(command, input=root.pem, capture_output=True, check=False, timeout=30)
    return (done.stdout + done.stderr).decode()


# --- The pair ---


def test_the_whole_chain_is_served(own: Deployment) -> None:
    seen = shake_hands(own)
    assert "Verify return code: 0 (ok)" in seen
    assert served(own) == server.certificate


def test_a_client_that_trusts_the_root_is_content(own: Deployment, tmp_path: Path) -> None:
    trust = tmp_path / "root.crt"
    trust.write_bytes(root.pem)
    address = f"https://localhost:{port(own)}/hub/login"
    assert requests.get(address, verify=str(trust), timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("options", "spoken"),
    [
        (("-tls1_3",), "TLS_AES_128_GCM_SHA256"),
        (("-tls1_2",), "ECDHE-ECDSA-AES128-GCM-SHA256"),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"), "ECDHE-ECDSA-CHACHA20-POLY1305"),
    ],
)
def test_what_is_spoken(own: Deployment, options: tuple[str, ...], spoken: str) -> None:
    assert f"Cipher is {spoken}" in shake_hands(own, *options)


@pytest.mark.parametrize(
    "options",
    [
        ("-tls1", "-cipher", LENIENT),
        ("-tls1_1", "-cipher", LENIENT),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0"),
    ],
    ids=["TLS 1.0", "TLS 1.1", "CBC"],
)
def test_what_is_old_is_refused(own: Deployment, options: tuple[str, ...]) -> None:
    seen = shake_hands(own, *options)
    assert "Cipher is (NONE)" in seen
    assert re.search(r"alert (protocol version|handshake failure)", seen), seen


def test_the_key_is_not_in_the_history_of_an_image(own: Deployment) -> None:
    line = server.private().decode().splitlines()[1]
    images = own.compose("config", "--images").stdout.split()
    for image in images:
        assert line not in own.docker("history", "--no-trunc", image).stdout
    # The same line is where it belongs, so that the above proves something.
    assert line in own.docker("exec", f"{own.project}-proxy", "cat", "/srv/proxy/jupyterhub.key").stdout


def test_a_new_pair_is_in_use_after_the_next_build(own: Deployment) -> None:
    key = generate_private_key(SECP521R1())
    new = Signer(HOST, intermediate, (-1, 20), (HOST, "localhost"), key)
    before = [own.root / "secrets" / name for name in ("jupyterhub.cer", "jupyterhub.key")]
    old = [path.read_bytes() for path in before]
    try:
        use_pair(own, new.pem + intermediate.pem, new.private())
        said = own.make("build").stderr
        assert f"WARNING: the certificate of CN={HOST} in secrets/jupyterhub.crt expires in 19 days." in said
        assert f"WARNING: {WARNED}EC key on secp521r1 of secrets/jupyterhub.crt. Fix: " in said
        own.compose("up", "-d", "--wait")
        assert served(own) == new.certificate
        log = own.logs("proxy")
        assert "it is valid until" in log
    finally:
        use_pair(own, *old, suffix="cer")
        own.make("build")
        own.compose("up", "-d", "--wait")
    assert served(own) == server.certificate


# --- A bad pair ---

OTHER = Signer(HOST, intermediate, names=(HOST,))
BAD_PAIRS = {
    "not of each other": (server.pem + intermediate.pem, OTHER.private(), 0o600, "do not belong together"),
    "expired": (Signer(HOST, days=(-9, -1), names=(HOST,), key=OTHER.key).pem, OTHER.private(), 0o600, "expired on"),
    "for everybody": (OTHER.pem + intermediate.pem, OTHER.private(), 0o644, "can be read by others than its owner"),
    "the end is missing": (
        (server.pem + intermediate.pem)[:-20],
        server.private(),
        0o600,
        "the proxy cannot use the PEM file of secrets/jupyterhub.crt and secrets/jupyterhub.key: bad end line",
    ),
    "a chain upside down": (
        server.pem + root.pem + intermediate.pem,
        server.private(),
        0o600,
        "the chain in secrets/jupyterhub.crt is out of order",
    ),
}


@contextmanager
def untouched(deployment: Deployment) -> Generator[None]:
    """Containers, images and files of secrets/ are after it what they were before."""

    def state() -> tuple[object, ...]:
        containers = [deployment.project, f"{deployment.project}-proxy"]
        images = sorted(deployment.compose("config", "--images").stdout.split())
        files = sorted((deployment.root / "secrets").iterdir())
        return (
            deployment.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", *containers).stdout,
            deployment.docker("image", "inspect", "--format", "{{.Id}}", *images).stdout,
            [(file.name, file.stat().st_mode, file.read_bytes()) for file in files],
        )

    before = state()
    yield
    assert state() == before


@pytest.mark.parametrize(("certificate", "key", "mode", "said"), BAD_PAIRS.values(), ids=BAD_PAIRS.keys())
def test_a_bad_pair_is_refused_before_anything_changes(
    own: Deployment, certificate: bytes, key: bytes, mode: int, said: str
) -> None:
    old = [(own.root / "secrets" / f"jupyterhub.{suffix}").read_bytes() for suffix in ("cer", "key")]
    use_pair(own, certificate, key, mode=mode)
    try:
        with untouched(own):
            refused = own.make("build", check=False)
    finally:
        use_pair(own, *old, suffix="cer")
    assert refused.returncode != 0
    assert said in refused.stderr
    assert re.search(r"See it: (openssl|ls) .*secrets/jupyterhub", refused.stderr)


# How openssl makes a key of each kind, and what is said of a certificate for it.
REFUSED, WARNED = "the proxy cannot use the ", "browsers refuse the "
KINDS = {
    "RSA 2048": ("rsa:2048", ""),
    "P-256": ("ec -pkeyopt ec_paramgen_curve:P-256", ""),
    "P-384": ("ec -pkeyopt ec_paramgen_curve:P-384", ""),
    "P-521": ("ec -pkeyopt ec_paramgen_curve:P-521", f"{WARNED}EC key on secp521r1"),
    "Ed25519": ("ed25519", f"{WARNED}Ed25519 key"),
    "RSA-PSS": ("rsa-pss -pkeyopt rsa_keygen_bits:2048", f"{WARNED}RSA-PSS key"),
    "RSA 1024": ("rsa:1024", f"{REFUSED}RSA key of 1024 bits"),
    "secp256k1": ("ec -pkeyopt ec_paramgen_curve:secp256k1", f"{REFUSED}EC key on secp256k1"),
}


@pytest.fixture(scope="module")
def answers(own: Deployment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """A certificate of each kind, and what the proxy's own program has printed of it and its key."""
    folder = tmp_path_factory.mktemp("pairs")
    script = ""
    for number, (options, _) in enumerate(KINDS.values()):
        names = [str(folder / f"{number}.{suffix}") for suffix in ("crt", "key")]
        make = f"openssl req -x509 -nodes -subj /CN={HOST} -newkey {options} -out {names[0]} -keyout {names[1]}"
        subprocess.run(make.split(), check=True, capture_output=True)
        for path in map(Path, names):
            script += f"cat >/tmp/{path.name} <<'END'\n{path.read_text()}END\n"
        script += f"node pair.js /tmp/{number}.crt /tmp/{number}.key\n"
    image = f"{own.project}-proxy-base"
    printed = own.docker("run", "--rm", "--interactive", "--network=none", image, "sh", stdin=script).stdout
    files = [folder / f"{number}.crt" for number in range(len(KINDS))]
    return dict(zip(KINDS, zip(files, printed.splitlines(), strict=True), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_of_a_kind_of_key(answers: dict[str, tuple[Path, str]], kind: str) -> None:
    try:
        said = " ".join(tls_pair.judge(*answers[kind]))
    except OperatorError as error:
        said = error.what
        assert error.fix == tls_pair.GOOD_KEY
    expected = KINDS[kind][1]
    assert said.startswith(expected) if expected else not said


def test_a_mode_of_tls_that_nobody_knows_is_refused(own: Deployment) -> None:
    with untouched(own):
        refused = own.make("build", env={"TLS": "yes"}, check=False)
    assert refused.returncode != 0
    assert "TLS (.env or the shell) is 'yes'; expected on or off." in refused.stderr


# --- The pair that the build makes ---


def test_the_pair_made_by_the_build_is_for_this_host(deployment: Deployment) -> None:
    certificate = served(deployment)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", socket.gethostname()} <= set(names.get_values_for_type(x509.DNSName))
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=825)


def test_a_pair_that_is_there_is_never_made_anew(deployment: Deployment) -> None:
    files = [deployment.root / "secrets" / f"jupyterhub.{suffix}" for suffix in ("crt", "key")]
    before = [file.read_bytes() for file in files]
    said = deployment.make("build").stderr
    assert "TLS pair" not in said
    assert [file.read_bytes() for file in files] == before


# --- Plain HTTP ---


@pytest.mark.parametrize("path", ["/", "/hub/login?next=%2Fhub%2Fhome", "/user/alice/lab/tree/a%20b.ipynb"])
@pytest.mark.parametrize("host", ["127.0.0.1", HOST, "[::1]"])
def test_http_leads_to_https_at_the_same_host_and_path(own: Deployment, host: str, path: str) -> None:
    http = port(own, "HTTP_PORT")
    answer = requests.get(
        f"http://127.0.0.1:{http}{path}", headers={"Host": f"{host}:{http}"}, allow_redirects=False, timeout=10
    )
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"https://{host}:{port(own)}{path}"
    assert "Strict-Transport-Security" not in answer.headers


def test_http_without_a_host_leads_nowhere(own: Deployment) -> None:
    with socket.create_connection(("127.0.0.1", int(port(own, "HTTP_PORT"))), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_browsers_are_told_to_stay_with_https(own: Deployment, deployment: Deployment) -> None:
    header = "Strict-Transport-Security"
    for path in ("/hub/login", "/user/nobody/lab", "/_chp_healthz"):
        assert requests.get(own.url + path, verify=False, timeout=10).headers[header] == f"max-age={HSTS}"
    assert header not in requests.get(f"{deployment.url}/hub/login", verify=False, timeout=10).headers


# --- Ports ---


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which a process of this machine listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_taken_port_is_found_before_anything_starts(own: Deployment, taken: int) -> None:
    with untouched(own):
        refused = own.make("up", env={"HTTPS_PORT": str(taken)}, check=False)
    assert refused.returncode != 0
    assert re.search(rf"HTTPS_PORT={taken} is taken by \S+ \(process \d+\)\.", refused.stderr), refused.stderr


def test_a_container_that_holds_a_port_is_named(own: Deployment, deployment: Deployment) -> None:
    with untouched(own):
        refused = own.make("up", env={"HTTP_PORT": port(deployment)}, check=False)
    assert refused.returncode != 0
    assert f"HTTP_PORT={port(deployment)} is taken by the container {deployment.project}-proxy." in refused.stderr


def test_what_the_deployment_holds_itself_is_free_for_it(own: Deployment) -> None:
    with untouched(own):
        own.make("up")
    wait_for(lambda: requests.get(f"{own.url}/hub/login", verify=False, timeout=5).ok, 30, "the login page")
