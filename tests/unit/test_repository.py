"""Files that have to agree: settings, .env, docker-compose.yml, locks of versions, Makefile."""

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from host.generate import ENTRIES, HEAD, MARK, PAGES, generated, groups, models, table
from hub import configuration
from hub.settings.host import HostSettings
from hub.settings.hub import HubSettings
from hub.settings.model import is_secret, setting_of
from hub.sign_in.table import AUTHENTICATORS

REPOSITORY = Path(__file__).parents[2]
MODELS = tuple(models())
SECRETS = {
    name.upper()
    for model in MODELS
    for name in model.model_fields
    if is_secret(model, name) and not setting_of(model, name).secret
}
SETTINGS = {name.upper() for name in HubSettings.model_fields} - SECRETS
HOST_SETTINGS = {name.upper() for name in HostSettings.model_fields}
NATIVE_SETTINGS = {name.upper() for name in AUTHENTICATORS["native"].model_fields} - SECRETS

TOKENS = {"CONFIGPROXY_AUTH_TOKEN": "c" * 64, "JUPYTERHUB_HEALTH_TOKEN": "f" * 64}

COMPOSE_TEXT = "".join(
    (REPOSITORY / path).read_text() for path in ("docker-compose.yml", "proxy/tls-on.yml", "proxy/tls-off.yml")
)
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
MAKEFILES = [REPOSITORY / "Makefile", *REPOSITORY.glob("examples/*/verbs.mk")]
MAKEFILE = "".join(path.read_text() for path in MAKEFILES)
ENV_LINES = (REPOSITORY / ".env").read_text().splitlines()
ENV = dict(line.split("=", 1) for line in ENV_LINES if line and not line.startswith("#"))

NPM_LOCKS = sorted([*REPOSITORY.glob("*/package-lock.json"), *REPOSITORY.glob("tests/*/**/package-lock.json")])
LOCKS = sorted(REPOSITORY.glob("*/**/requirements*.txt")) + NPM_LOCKS
# Written while the deployment is used, and in .gitignore, or git's own.
NOT_COMMITTED = {".git", "test-results", "backups", "__pycache__", "node_modules", ".venv", ".ruff_cache"}


def committed_files() -> Iterator[Path]:
    """Yield the files of the repository: the runner of the tests has a copy without git's data."""
    for directory, directories, files in os.walk(REPOSITORY):
        directories[:] = [name for name in directories if name not in NOT_COMMITTED]
        for name in files:
            path = Path(directory, name)
            if path.parent != REPOSITORY / "secrets" or name == "README.md":
                yield path


def version(lock: str, package: str) -> str:
    """Return the version that a requirements file has locked."""
    match = re.search(rf"^{re.escape(package)}==([^ ]+)", (REPOSITORY / lock).read_text(), re.MULTILINE)
    assert match is not None, f"{package} is not in {lock}"
    return match[1]


def value_of(name: str, given: dict[str, str]) -> object:
    """Return what is read for a setting of the default path."""
    found = configuration.settings(TOKENS | given)
    groups = (found.hub, found.host, found.sign_in)
    return next(getattr(group, name.lower()) for group in groups if hasattr(group, name.lower()))


def targets() -> dict[str, str]:
    """Return every verb of the Makefile, with its help."""
    found = {}
    for names, text in re.findall(r"^([a-z_][a-z_ -]*):(?!=)(.*)$", MAKEFILE, re.MULTILINE):
        for name in names.split():
            found[name] = text.partition("## ")[2]
    return found


# --- Settings ---


def test_what_is_generated_is_up_to_date() -> None:
    stale = [str(path) for path, text in generated(REPOSITORY).items() if (REPOSITORY / path).read_text() != text]
    assert stale == [], "run: make settings"


def test_every_group_of_settings_has_one_table() -> None:
    """Where a mark is deleted, `make settings` passes over the page."""
    pages = [path.read_text() for pattern in PAGES for path in REPOSITORY.glob(pattern)]
    marks = Counter(found[2] for page in pages for found in MARK.finditer(page))
    assert marks == Counter([*ENTRIES, *(name for name in groups() if table(name) != HEAD)])


def test_compose_gives_the_hub_no_environment() -> None:
    """A name there takes away what a file of secrets/ says."""
    assert "environment" not in COMPOSE["services"]["hub"]


def test_what_lies_in_secrets_is_explained_there() -> None:
    page = (REPOSITORY / "secrets" / "README.md").read_text()
    assert [name for name in SECRETS if f"`{name}`" not in page and f"`{name}=" not in page] == []


def test_env_has_every_setting_of_the_default_path_and_nothing_else() -> None:
    """Those of the other authenticators are in examples/."""
    assert ENV.keys() == SETTINGS | NATIVE_SETTINGS | HOST_SETTINGS


def test_every_name_in_env_stands_under_a_comment() -> None:
    """Names that belong together share one."""
    for number, line in enumerate(ENV_LINES):
        if line and not line.startswith("#"):
            above = ENV_LINES[number - 1] if number else ""
            assert above, f"nothing says what {line} is"


@pytest.mark.parametrize("name", sorted(SETTINGS | HOST_SETTINGS | NATIVE_SETTINGS))
def test_env_has_the_default(name: str) -> None:
    if name != "JUPYTERHUB_ADMIN":  # empty by default, so that no name is an administrator by chance
        assert value_of(name, {name: ENV[name]}) == value_of(name, {})


def test_defaults_in_compose_are_those_of_env() -> None:
    """What is empty in .env has a default that differs with TLS, in two files."""
    defaults = re.findall(r"\$\{([A-Z_]+):-([^${}]+)\}", COMPOSE_TEXT)
    assert ("HTTPS_PORT", "443") in defaults
    assert [(name, default) for name, default in defaults if ENV.get(name) and ENV[name] != default] == []


def test_what_compose_needs_without_a_default_is_in_env() -> None:
    assert set(re.findall(r"\$\{([A-Z_]+)\}", COMPOSE_TEXT)) - ENV.keys() == set()


def test_env_holds_no_secret() -> None:
    assert ENV.keys() & SECRETS == set()
    secret = {name for name in ENV if re.search(r"PASSWORD|SECRET|TOKEN|PRIVATE", name)}
    assert {name for name in secret if ENV[name] not in ("true", "false")} == set()


# --- Versions ---


def test_image_tags_are_the_locked_versions() -> None:
    proxy = json.loads((REPOSITORY / "proxy" / "package-lock.json").read_text())
    locked = {
        "hub": version("hub/requirements.txt", "jupyterhub"),
        "proxy": proxy["packages"]["node_modules/configurable-http-proxy"]["version"],
    }
    assert {name: COMPOSE["services"][name]["image"].rpartition(":")[2] for name in locked} == locked


@pytest.mark.parametrize("lock", ["singleuser/requirements.txt", "tests/requirements.txt"])
def test_jupyterhub_is_the_same_everywhere(lock: str) -> None:
    assert version(lock, "jupyterhub") == version("hub/requirements.txt", "jupyterhub")


def test_the_hub_is_tested_with_the_versions_it_has() -> None:
    pins = [
        dict(re.findall(r"^([\w.-]+)==(\S+)", (REPOSITORY / lock).read_text(), re.MULTILINE))
        for lock in ("hub/requirements.txt", "tests/requirements.txt")
    ]
    hub, tests = pins
    assert {name for name in hub.keys() & tests.keys() if hub[name] != tests[name]} == set()
    assert hub.keys() & tests.keys() > {"jupyterhub", "dockerspawner", "jupyterhub-nativeauthenticator", "bcrypt"}


def test_there_are_locks() -> None:
    names = {str(path.relative_to(REPOSITORY)) for path in LOCKS}
    python = {"hub/requirements.txt", "singleuser/kernel/requirements.txt", "examples/kernel-gateway/requirements.txt"}
    assert names >= python | {"proxy/package-lock.json", "tests/servers/oidc/package-lock.json"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_lock_names_an_address(lock: Path) -> None:
    """Else it would work behind one mirror alone; `url` in an npm lock is where to donate."""
    address = r'"resolved"' if lock.suffix == ".json" else r"://|--index-url|--find-links"
    assert re.findall(rf".*(?:{address}).*", lock.read_text()) == []


@pytest.mark.parametrize("lock", [path for path in LOCKS if path.suffix == ".txt"], ids=lambda path: path.parent.name)
def test_every_requirement_has_a_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text())
    pins = [entry for entry in entries if not entry.startswith("#")]
    assert len(pins) > 10
    assert [pin.splitlines()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


@pytest.mark.parametrize("lock", NPM_LOCKS, ids=lambda path: path.parent.name)
def test_every_npm_package_has_a_hash(lock: Path) -> None:
    packages = json.loads(lock.read_text())["packages"]
    assert len(packages) > 10
    assert [name for name, package in packages.items() if name and not package.get("integrity")] == []


def test_the_gateway_of_the_example_is_the_locked_one() -> None:
    service = yaml.safe_load((REPOSITORY / "examples/kernel-gateway/gateway.yml").read_text())["services"]["gateway"]
    locked = version("examples/kernel-gateway/requirements.txt", "jupyter-kernel-gateway")
    assert service["image"].endswith(f"-gateway:{locked}")


def test_an_image_on_top_of_the_jupyter_projects_has_the_hubs_jupyterhub() -> None:
    dockerfile = (REPOSITORY / "examples" / "custom-notebook" / "Dockerfile.stacks").read_text()
    assert f"ARG JUPYTERHUB_VERSION={version('hub/requirements.txt', 'jupyterhub')}\n" in dockerfile


def test_kernels_in_the_gateway_are_those_of_the_notebook() -> None:
    locks = ("singleuser/kernel/requirements.txt", "examples/kernel-gateway/requirements.txt")
    assert len({version(lock, "ipykernel") for lock in locks}) == 1


# --- Secrets ---


def test_no_private_key_is_committed() -> None:
    files = list(committed_files())
    assert REPOSITORY / "docker-compose.yml" in files
    key = re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
    assert [path for path in files if key.search(path.read_bytes())] == []


def test_git_ignores_secrets() -> None:
    lines = (REPOSITORY / ".gitignore").read_text().splitlines()
    assert "/secrets/*" in lines
    assert [line for line in lines if line.startswith("!/secrets")] == ["!/secrets/README.md"]


def test_of_secrets_only_certificates_and_the_key_get_into_a_build() -> None:
    lines = (REPOSITORY / "Dockerfile.jupyterhub.dockerignore").read_text().splitlines()
    assert "*" in lines
    allowed = [line for line in lines if line.startswith("!") and "secrets" in line]
    assert sorted(allowed) == [
        "!secrets/ca.crt",
        "!secrets/jupyterhub.cer",
        "!secrets/jupyterhub.crt",
        "!secrets/jupyterhub.key",
        "!secrets/servers-ca.crt",
    ]


def test_of_secrets_only_its_own_get_into_the_gateway() -> None:
    lines = (REPOSITORY / "examples" / "kernel-gateway" / "Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in lines
    allowed = [line for line in lines if line.startswith("!") and "secrets" in line]
    assert sorted(allowed) == ["!secrets/gateway-ca.crt", "!secrets/gateway.crt", "!secrets/gateway.key"]


# --- Makefile ---


@pytest.mark.parametrize("verb", sorted(targets()))
def test_every_verb_has_a_help_text(verb: str) -> None:
    assert targets()[verb]


def test_every_verb_is_phony() -> None:
    """Else a file with its name turns the verb off."""
    phony = {name for names in re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE) for name in names.split()}
    assert phony == targets().keys()


def test_make_alone_prints_every_verb() -> None:
    done = subprocess.run(["make"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    lines = (line.strip() for line in done.stdout.splitlines() if line.startswith("  "))
    printed = {verb for line in lines for verb in line.split("  ")[0].split()}
    assert printed == targets().keys()
    assert (
        subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
        == done.stdout
    )


def test_every_script_that_the_makefile_names_can_be_run() -> None:
    called = set(re.findall(r"@(scripts/[\w.-]+)", MAKEFILE))
    assert "scripts/up" in called
    assert [name for name in sorted(called) if not os.access(REPOSITORY / name, os.X_OK)] == []
    sourced = set(re.findall(r"\. (scripts/[\w.-]+)", MAKEFILE))
    assert [name for name in sorted(sourced) if not (REPOSITORY / name).is_file()] == []
