"""What `make build` checks of a checkout, which arrives as a tar."""

import io
import json
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509

from host import addresses, check, secrets, tls_pair
from host.__main__ import VERBS
from host.checkout import Checkout, packed
from host.engine import Host
from host.x509 import names_of
from hub.errors import FileError, OperatorError, SettingsError
from support.certificates import Signer
from support.settings import TOKENS

type Send = Callable[..., Host]


def warnings(host: Host) -> list[str]:
    return list(check.settings_and_files(host))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"MEM_LIMIT": "512M", "DOCKER_SPAWN_CMD": "", "CPU_LIMIT": None},
        {"JUPYTERHUB_ADMIN_PASSWORD": "pa$$word of mal", "DOCKER_SPAWN_CMD": 'sh -c "exec start $$HOME"'},
    ],
    ids=["defaults", "empty and unset", "dollars"],
)
def test_good_settings(send: Send, given: dict[str, str | None]) -> None:
    assert warnings(send(**given)) == []


def test_every_bad_setting_is_named(send: Send) -> None:
    with pytest.raises(SettingsError) as raised:
        warnings(send(MEM_LIMIT="2 gigs", IDLE_TIMEOUT="-1", HTTPS_PORT="70000", NATIVE_SIGNUP="maybe"))
    named = {problem.setting for problem in raised.value.problems}
    assert named == {"MEM_LIMIT", "IDLE_TIMEOUT", "HTTPS_PORT", "NATIVE_SIGNUP"}
    assert raised.value.report.startswith("FAIL: 4 settings cannot be used:\n")


def test_two_dollars_of_compose_are_one(send: Send) -> None:
    seven_characters = "$$" * 2 + "mal_r"
    with pytest.raises(SettingsError):
        warnings(send(JUPYTERHUB_ADMIN_PASSWORD=seven_characters))
    assert warnings(send(JUPYTERHUB_ADMIN_PASSWORD=seven_characters + "e")) == []


def test_an_old_name_is_a_warning(send: Send) -> None:
    (warning,) = warnings(send(DOCKER_CONTAINER_IMAGE="image"))
    assert {"DOCKER_CONTAINER_IMAGE", "DOCKER_NOTEBOOK_IMAGE"} <= set(warning.replace(".", " ").split())


def test_what_compose_says_of_its_files_is_passed_on(tmp_path: Path) -> None:
    files = {"compose.json": b"", "compose.error": b"services.hub is wrong"}
    with pytest.raises(OperatorError, match=r"services\.hub is wrong"):
        _ = Checkout.receive(io.BytesIO(packed(files)), tmp_path).compose


@pytest.mark.parametrize("name", ["userlist", "folders.yaml", "secrets/jupyterhub.crt"])
def test_a_link_is_refused(send: Send, tmp_path: Path, name: str) -> None:
    host = send()
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).symlink_to("/etc/elsewhere")
    with pytest.raises(OperatorError, match=f"^{name} is a link"):
        warnings(host)


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("userlist", "zoe\n\nzoe\nwash,\n", "userlist:3:"),
        ("userlist", "zoe\n", "userlist:"),
        ("profiles.yaml", "- name: a\n- name: a\n", "profiles.yaml:2:"),
        ("folders.yaml", "- name: a\n- name: a\n", "folders.yaml:2:"),
        ("jupyterhub_config.d/10-more.py", "c.JupyterHub.x = 1\nif True\n", "jupyterhub_config.d/10-more.py:2:"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(send: Send, name: str, text: str, line: str) -> None:
    with pytest.raises(FileError) as raised:
        warnings(send({name: text}))
    assert raised.value.filename == name
    assert raised.value.lines[0].startswith(line)


@pytest.mark.parametrize(
    ("profiles", "group"),
    [
        ("- {name: a, groups: [pilots]}\n- name: b\n", ""),
        ("- {name: a, groups: [cooks]}\n- name: b\n", "cooks"),
        ("- {name: a, groups: [pilots]}\n", "pilots"),
    ],
)
def test_profiles_are_compared_with_the_userlist(send: Send, profiles: str, group: str) -> None:
    found = warnings(send({"userlist": "zoe admin pilots\n", "profiles.yaml": profiles}))
    assert len(found) == bool(group)
    assert all(warning.startswith("profiles.yaml") and group in warning for warning in found)


def test_a_secret_in_env_is_a_warning(send: Send) -> None:
    text = "KG_AUTH_TOKEN=a\n export SHARED_PASSWORD = b\n# LDAP_LOOKUP_PASSWORD=c\nLDAP_LOOKUP_PASSWORD=\nA=2G\n"
    found = warnings(send({".env": text}))
    assert [warning.split()[0] for warning in found] == ["KG_AUTH_TOKEN", "SHARED_PASSWORD"]
    assert "secrets/gateway.env" in found[0]


@pytest.mark.parametrize(
    ("file", "line", "meant"),
    [
        (".env", "MEMLIMIT=3G", "MEM_LIMIT"),
        (".env", "mem_limit=3G", "MEM_LIMIT"),
        (".env", " export IDLE_TIME = 60", "IDLE_TIMEOUT"),
        (".env", "DOMAINS=hub.example.org", "DOMAIN"),
        ("secrets/hub.env", "JUPYTERHUB_ADMIN_PASWORD='x'", "JUPYTERHUB_ADMIN_PASSWORD"),
    ],
)
def test_a_misspelt_name_is_a_warning(send: Send, file: str, line: str, meant: str) -> None:
    (warning,) = warnings(send({file: f"TZ=UTC\n# MEMLIMIT=1\n{line}\n"}))
    name = line.partition("=")[0].replace("export", "").strip()
    assert warning.startswith(f"{name} in {file} ")
    assert f" Fix: write {meant}," in warning


OTHERS = """
COMPOSE_FILE COMPOSE_PROFILES COMPOSE_PATH_SEPARATOR COMPOSE_ENV_FILES COMPOSE_CONVERT_WINDOWS_PATHS COMPOSE_ANSI
COMPOSE_IGNORE_ORPHANS COMPOSE_REMOVE_ORPHANS COMPOSE_PARALLEL_LIMIT COMPOSE_STATUS_STDOUT COMPOSE_DISABLE_ENV_FILE
COMPOSE_MENU COMPOSE_EXPERIMENTAL COMPOSE_PROGRESS COMPOSE_BAKE DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG
DOCKER_CERT_PATH DOCKER_TLS DOCKER_TLS_VERIFY DOCKER_API_VERSION DOCKER_BUILDKIT DOCKER_DEFAULT_PLATFORM DOCKER_GID
DOCKER_CONTENT_TRUST BUILDKIT_PROGRESS BUILDX_BUILDER HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY CA_BUNDLE TZ LANG LC_ALL
PATH HOME USER SHELL SSL_CERT_FILE REQUESTS_CA_BUNDLE PROMETHEUS_TOKEN
"""


def test_names_of_other_programs_are_no_mistakes(send: Send) -> None:
    lines = "".join(f"{name}=1\n" for name in OTHERS.split())
    assert warnings(send({".env": lines, "secrets/hub.env": lines})) == []


@pytest.mark.parametrize("file", ["docker-compose.override.yml", "jupyterhub_config.d/10-more.py"])
def test_a_name_that_the_operators_own_file_reads_is_no_mistake(send: Send, file: str) -> None:
    assert warnings(send({".env": "DATA_VOLUME=x\n", file: "'${DATA_VOLUME}'\n"})) == []
    assert len(warnings(send({".env": "DATA_VOLUME=x\n", file: "'other'\n"}))) == 1


@pytest.mark.parametrize("pem", ["", "nonsense", "-----BEGIN {0}-----\n-----END {0}-----\n".format("PRIVATE KEY")])
def test_authorities_that_cannot_be_used_are_refused(send: Send, pem: str) -> None:
    with pytest.raises(OperatorError, match=r"^secrets/ca\.crt"):
        warnings(send({"secrets/ca.crt": pem}))


@pytest.mark.parametrize(
    "files", [{"logo.svg": "no picture"}, {"logo.png": "<svg/>"}, dict.fromkeys(("logo.svg", "logo.png"), "<svg/>")]
)
def test_a_logo_that_cannot_be_used_is_refused(send: Send, files: dict[str, str]) -> None:
    with pytest.raises(OperatorError, match="logo"):
        warnings(send(files))


def test_no_further_authorities_for_servers_is_a_choice(send: Send) -> None:
    assert warnings(send({"secrets/servers-ca.crt": "\n"})) == []
    with pytest.raises(OperatorError, match=r"^secrets/servers-ca\.crt"):
        warnings(send({"secrets/servers-ca.crt": "nonsense"}))


def test_what_is_missing_in_secrets_is_made_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "hub.env").write_text("JUPYTERHUB_CRYPT_KEY=mine")
    made = secrets.tokens(tmp_path)
    assert made.files.keys() == {"secrets/proxy.env", "secrets/hub.env"}
    assert made.files["secrets/hub.env"].startswith(b"JUPYTERHUB_CRYPT_KEY=mine\nJUPYTERHUB_HEALTH_TOKEN=")
    assert made.variables.keys() == {"CONFIGPROXY_AUTH_TOKEN", "JUPYTERHUB_HEALTH_TOKEN"}
    assert {len(token) for token in made.variables.values()} == {64}
    pair = secrets.pair(tmp_path, ["hub.example.org"])
    for path, content in (made.files | pair.files).items():
        (tmp_path / path).write_bytes(content)
        (tmp_path / path).chmod(0o600)
    assert tls_pair.check(folder, ["hub.example.org", "localhost"]) == []
    assert secrets.tokens(tmp_path).files == secrets.pair(tmp_path, []).files == {}


def put(root: Path, made: secrets.Made) -> x509.Certificate:
    """Write a pair, and read its certificate."""
    (root / "secrets").mkdir(exist_ok=True)
    for path, content in made.files.items():
        (root / path).write_bytes(content)
    return x509.load_pem_x509_certificate((root / "secrets/jupyterhub.crt").read_bytes())


def test_a_pair_is_for_names_and_addresses(tmp_path: Path) -> None:
    certificate = put(tmp_path, secrets.pair(tmp_path, ["server1", "hub.school.example", "192.168.1.20"]))
    assert names_of(certificate) == {"localhost", "127.0.0.1", "server1", "hub.school.example", "192.168.1.20"}


def test_a_pair_of_ours_follows_the_address_and_its_end(tmp_path: Path) -> None:
    put(tmp_path, secrets.pair(tmp_path, ["server1"]))
    assert secrets.pair(tmp_path, ["server2"]).files == {}
    made = secrets.pair(tmp_path, ["server1", "192.168.1.20"], ["192.168.1.20"])
    assert "not for 192.168.1.20" in made.said[0]
    put(tmp_path, made)
    assert secrets.pair(tmp_path, [], ["192.168.1.20"]).files == {}
    assert "expires soon" in secrets.pair(tmp_path, [], now=datetime.now(UTC) + timedelta(days=800)).said[0]


def test_a_pair_that_is_not_ours_stays(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    own = Signer("hub", names=("localhost",))
    for content in (own.pem, Signer("hub", Signer("Root"), names=("localhost",)).pem, b"no certificate"):
        (tmp_path / "secrets/jupyterhub.crt").write_bytes(content)
        (tmp_path / "secrets/jupyterhub.key").write_bytes(own.private())
        assert secrets.pair(tmp_path, ["192.168.1.20"], ["192.168.1.20"]).files == {}


def test_addresses_that_other_machines_reach() -> None:
    found = ["127.0.0.1", "192.168.1.20", "172.17.0.1", "169.254.3.4", "192.168.1.20", "10.0.0.5"]
    assert addresses.reachable(found, ["172.17.0.0/16", "fd00::/64"]) == ["192.168.1.20", "10.0.0.5"]


def test_what_goes_back_is_one_tar() -> None:
    with tarfile.open(fileobj=io.BytesIO(packed({"/secrets/a": b"b"}))) as tar:
        (member,) = tar.getmembers()
    assert (member.name, member.mode, member.size) == ("secrets/a", 0o600, 1)


def test_clean_leaves_images_that_people_have_built_on_top_of_ours(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """They have the labels of what they are built from."""
    tags = ["jupyterhub-user:latest", "jupyterhub-gateway:3.0.1", "class-notebook:latest", "jupyterhub-host:latest"]
    removed: list[str] = []
    images = SimpleNamespace(
        list=lambda filters: [SimpleNamespace(tags=[tag]) for tag in tags],
        get=lambda name: SimpleNamespace(id=name),
        remove=lambda tag, force: removed.append(tag),
    )
    networks = SimpleNamespace(get=lambda _: SimpleNamespace(remove=list))
    monkeypatch.setattr(Host, "client", SimpleNamespace(images=images, networks=networks))
    service = {"environment": TOKENS, "image": "jupyterhub-hub:6.1.1"}
    VERBS["clean"](send({"compose.json": json.dumps({"name": "jupyterhub", "services": {"hub": service}})}), [])
    assert removed == ["jupyterhub-gateway:3.0.1", "jupyterhub-hub:6.1.1", "jupyterhub-user:latest"]
