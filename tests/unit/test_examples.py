"""The lines of settings in examples/*/README.md are settings that exist, in their file, with values that work.

A block of lines says in its first one which file they are for: `# .env` or `# secrets/….env`.
"""

import re
from collections import ChainMap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub import configuration
from hub.errors import DOT_ENV
from hub.overlays import overlays
from hub.settings.host import HostSettings
from hub.settings.hub import HubSettings
from hub.settings.model import is_secret, setting_of
from hub.sign_in.oauth_settings import OAuthProviderSettings
from hub.sign_in.table import AUTHENTICATORS

ROOT = Path(__file__).parents[2]
EXAMPLES = ("github", "ldap", "oidc", "shared-password")
CHOICE = "JUPYTERHUB_AUTHENTICATOR"
MADE_BY_BUILD = dict.fromkeys(("CONFIGPROXY_AUTH_TOKEN", "JUPYTERHUB_HEALTH_TOKEN", "JUPYTERHUB_CRYPT_KEY"), "0" * 64)
MODELS = (HubSettings, HostSettings, *(each.settings for each in overlays()), *AUTHENTICATORS.values())
FIELDS = ChainMap(*({name.upper(): (model, name) for name in model.model_fields} for model in MODELS))
NOT_OURS = {"LDAPTLS_CACERT"}  # of the directory's own tools

FENCE = re.compile(r"^[ \t]*```(\w*)\n(.*?)^[ \t]*```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"([A-Z][A-Z0-9_]*)=(.*)")
NAME = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")


@dataclass(frozen=True)
class Block:
    """The lines for one file."""

    file: str
    values: dict[str, str]


def text_of(example: str) -> str:
    return (ROOT / "examples" / example / "README.md").read_text()


def blocks(example: str) -> list[Block]:
    """The blocks of settings of an example; each has to say which file it is for."""
    return [block(code) for language, code in FENCE.findall(text_of(example)) if language != "console"]


def block(code: str) -> Block:
    mark, *lines = code.splitlines()
    file = mark.removeprefix("# ")
    assert re.fullmatch(r"# (\.env|secrets/[a-z-]+\.env)", mark), f"the first line should be the file's name: {mark}"
    matches = [LINE.fullmatch(line) for line in lines if line and not line.startswith("#")]
    assert None not in matches, f"not all are NAME=value: {lines}"
    return Block(file, {match[1]: re.sub(r"^(['\"])(.*)\1$", r"\2", match[2]) for match in matches if match})


def deployments(example: str) -> Iterator[tuple[Block, dict[str, str]]]:
    """For each block of .env, all that a reader may have set who has followed the page so far.

    That is the last block in front of it that chooses an authenticator, the block itself, and the page's secrets of
    that authenticator.
    """
    found = blocks(example)
    secrets = {name: value for each in found if each.file != DOT_ENV for name, value in each.values.items()}
    chosen: dict[str, str] = {}
    for each in found:
        if each.file == DOT_ENV:
            chosen = each.values if CHOICE in each.values else chosen
            fields = AUTHENTICATORS[chosen[CHOICE]].model_fields
            own = {name: value for name, value in secrets.items() if name.lower() in fields}
            yield each, MADE_BY_BUILD | own | chosen | each.values


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_has_lines_that_choose_it(example: str) -> None:
    names = {"oidc": "generic-oauth"}
    chosen = [each.values[CHOICE] for each in blocks(example) if CHOICE in each.values]
    assert names.get(example, example) in chosen


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_line_is_a_setting_in_its_file(example: str) -> None:
    for each in blocks(example):
        for name in each.values:
            assert name in FIELDS, f"{name} is no setting"
            model, field = FIELDS[name]
            assert setting_of(model, field).file == each.file, name
            assert each.file != DOT_ENV or not is_secret(model, field)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_lines_are_accepted_together(example: str) -> None:
    found = list(deployments(example))
    assert found
    for _, environment in found:
        configuration.settings(environment)  # it raises an error that names what is not accepted


@pytest.mark.parametrize("example", EXAMPLES)
def test_no_line_is_without_effect(example: str) -> None:
    # A setting of another authenticator would be neither read nor complained about.
    for each, environment in deployments(example):
        known = HubSettings.model_fields.keys() | AUTHENTICATORS[environment[CHOICE]].model_fields.keys()
        assert [name for name in each.values if name.lower() not in known] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_setting_that_is_spoken_of_exists(example: str) -> None:
    spoken_of = {name for code in re.findall(r"`([^`\n]+)`", text_of(example)) for name in NAME.findall(code)}
    assert spoken_of
    assert spoken_of - FIELDS.keys() - NOT_OURS == set()


def test_the_table_of_providers_has_all_of_them() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", text_of("github"), re.MULTILINE)
    providers = {name for name, model in AUTHENTICATORS.items() if issubclass(model, OAuthProviderSettings)}
    assert sorted([*rows, "github"]) == sorted(providers)


def test_every_example_is_held_to_this() -> None:
    pages = {path.parent.name for path in (ROOT / "examples").glob("*/README.md")}
    assert {name for name in pages if CHOICE in text_of(name)} == set(EXAMPLES)


# --- The kernel gateway: no authenticator, and a program with settings of its own ---

GATEWAY = "kernel-gateway"
# Of the gateway itself, of nb2kg, of Jupyter Server's client, of Compose and of the overlay.
ELSEWHERE = re.compile(
    r"KG_(LIST_KERNELS|IP|PORT_RETRIES|CERTFILE|KEYFILE|CLIENT_(KEY|CERT|CA)|HEADERS|HTTP_(USER|PASS))"
    r"|JUPYTER_GATEWAY_HEADERS|_?HTTP_(USER|PWD)|COMPOSE_FILE|GATEWAY_PEOPLE|PASSWORD_FILE"
)


def gateway_blocks() -> Iterator[tuple[Block, dict[str, str]]]:
    """Each block of .env, with the page's secrets."""
    found = blocks(GATEWAY)
    secrets = {name: value for each in found if each.file != DOT_ENV for name, value in each.values.items()}
    assert secrets
    for each in found:
        if each.file == DOT_ENV:
            yield each, MADE_BY_BUILD | secrets | each.values


def test_every_line_of_the_gateway_is_a_setting_in_its_file() -> None:
    for each in blocks(GATEWAY):
        for name in each.values.keys() - {"COMPOSE_FILE"}:
            model, field = FIELDS[name]
            assert model.__module__ == f"examples.{GATEWAY}.settings"
            assert setting_of(model, field).file == each.file


def test_the_lines_of_the_gateway_are_accepted() -> None:
    found = list(gateway_blocks())
    assert len(found) >= 4
    for _, environment in found:
        assert list(configuration.settings(environment).warnings(environment)) == []


def test_the_overlays_of_the_gateway_exist() -> None:
    files = [each.values["COMPOSE_FILE"].split(":") for each in blocks(GATEWAY) if "COMPOSE_FILE" in each.values]
    assert len(files) == 2
    assert [name for names in files for name in names if not (ROOT / name).is_file()] == []


def test_every_setting_of_the_gateway_that_is_spoken_of_exists() -> None:
    pages = text_of(GATEWAY), (ROOT / "docs" / "kernel-gateway-zos.md").read_text()
    for page in pages:
        spoken_of = {name for code in re.findall(r"`([^`\n]+)`", page) for name in NAME.findall(code)}
        ours = {name for name in spoken_of if name.startswith(("KG_", "CLIENT_", "VALIDATE_", "JUPYTERHUB_"))}
        assert {name for name in ours if not ELSEWHERE.fullmatch(name)} - FIELDS.keys() == set()


def test_the_readme_of_the_gateway_has_every_reason_that_people_are_shown() -> None:
    source = (ROOT / "singleuser" / "gateway_kernels.py").read_text()
    sentence = r'(?:what(?:, cure)? = |return |Problem\()\(?\s*f?"((?!No kernels|\{)[^"{:]+)'
    reasons = [reason.strip() for reason in re.findall(sentence, source)]
    assert len(reasons) == 14
    assert [reason for reason in reasons if reason not in text_of(GATEWAY)] == []


def test_an_image_of_ones_own_may_copy_what_one_adds() -> None:
    lines = (ROOT / "examples" / "custom-notebook" / ".dockerignore").read_text().splitlines()
    assert "README.md" in lines
    assert [line for line in lines if line in ("*", "**") or line.startswith("!")] == []
