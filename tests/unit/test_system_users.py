"""Accounts of the Docker host: who is found there, who is refused, and what the settings have to be."""

import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from hub import configuration
from hub.errors import OperatorError, SettingsError
from hub.settings.hub import HubSettings
from hub.settings.model import read
from support.settings import TOKENS

overlay = import_module("examples.system-users.overlay")
spawner = import_module("examples.system-users.spawner")
CHOICE = overlay.SystemUsers
FOLDER = Path(__file__).parents[2] / "examples" / "system-users"
COMPOSE = yaml.safe_load((FOLDER / "docker-compose.yml").read_text())
SPAWNER, MARK = {"JUPYTERHUB_SPAWNER": CHOICE.spawner}, {CHOICE.mark(): "1"}
CERTIFICATES = {
    "KG_URL": "https://gateway:8888",
    "CLIENT_KEY": "key.pem",
    "CLIENT_CERT": "cert.pem",
    "CLIENT_CA": "ca.pem",
}
PASSWD = """\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
# a comment
+nis::::::

zoe:x:1001:1001:Zo\xeb,,,:/home/zoe:/bin/bash
zoe2:x:1002:100::/home/zoe2:/bin/bash
wash:x:1003:0::/home/wash:/bin/bash
Inara:x:1004:1004::/home/inara:/bin/bash
torn:x:1005
"""
GROUP = "root:x:0:zoe\nusers:x:100:\npilots:x:4200:wash,zoe\ncrew:x:4300:zoe2\nzoe:x:1001:\ntorn:x\n"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "passwd").write_bytes(PASSWD.encode("latin-1"))
    (tmp_path / "group").write_text(GROUP)
    return tmp_path


def test_an_account(etc: Path) -> None:
    assert spawner.find(etc, "zoe") == spawner.Account("zoe", 1001, 1001, frozenset({4200}))
    assert spawner.find(etc, "zoe2") == spawner.Account("zoe2", 1002, 100, frozenset({4300}))


def refusal(etc: Path, name: str) -> str:
    """What a user reads who may not have a server."""
    with pytest.raises(spawner.StartError) as caught:
        spawner.find(etc, name)
    return caught.value.jupyterhub_message


def test_an_account_is_found_as_soon_as_it_is_made(etc: Path) -> None:
    refused = refusal(etc, "simon")
    assert refused.startswith("simon has no account on the Docker host. ")
    assert refused.endswith("sudo useradd --create-home simon")
    new = etc / "passwd+"
    new.write_text(PASSWD + "simon:x:1010:1010::/home/simon:/bin/bash\n")
    new.replace(etc / "passwd")
    assert spawner.find(etc, "simon").uid == 1010


@pytest.mark.parametrize("name", ["root", "daemon", "nobody", "wash"])
def test_accounts_of_the_system_are_refused(etc: Path, name: str) -> None:
    assert re.match(rf"{name} is an account of the Docker host's system \(\d+:\d+\)", refusal(etc, name))


@pytest.mark.parametrize("name", ["..", ".", "../root", "a/b", "{username}", "zoe/"])
def test_names_that_leave_the_folder_of_the_homes_are_refused(etc: Path, name: str) -> None:
    assert "cannot be an account" in refusal(etc, name)


@pytest.mark.parametrize("name", ["torn", "inara", "zo", "zoe:x", "+nis", "", "# a comment", "zoe\n"])
def test_who_has_no_account(etc: Path, name: str) -> None:
    assert "has no account" in refusal(etc, name)


def test_a_name_in_a_command_is_quoted(etc: Path) -> None:
    assert refusal(etc, "zoe;reboot").endswith("--create-home 'zoe;reboot'")


# --- Settings ---


@pytest.mark.parametrize("path", ["/home/{username}", "/volumes/user/{username}", "/srv/{username}/jupyter"])
def test_good_formats(path: str) -> None:
    assert read(CHOICE.settings, {"HOST_HOMEDIR_FORMAT": path})[1] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("HOST_HOMEDIR_FORMAT", path)
            for path in (
                "/home",
                "home/{username}",
                "/home/{username}/..",
                "/home/{username}/{group}",
                "/etc/{username}",
            )
        ),
        ("HOST_ETC", "etc"),
        ("HOST_ETC", "/srv/the accounts"),
    ],
)
def test_bad_values(name: str, value: str) -> None:
    [problem] = read(CHOICE.settings, {name: value})[1]
    assert (problem.setting, problem.kind) == (name, "value")
    assert repr(value) in problem.text


@pytest.mark.parametrize("given", [SPAWNER | MARK, {}], ids=["both", "neither"])
def test_spawner_and_overlay_go_together(given: dict[str, str]) -> None:
    chosen = configuration.settings(TOKENS | given).overlays
    assert [type(each) for each in chosen] == ([CHOICE] if given else [])


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (SPAWNER, CHOICE.files()),
        (MARK, "examples/system-users"),
        (SPAWNER | MARK | CERTIFICATES, "CLIENT_CERT"),
        (SPAWNER | MARK | {"DOCKER_NOTEBOOK_IMAGE": "stacks", "NB_UID": "2000"}, "NB_UID"),
    ],
    ids=["spawner alone", "overlay alone", "certificates", "another user"],
)
def test_what_cannot_go_together(given: dict[str, str], part: str) -> None:
    with pytest.raises(SettingsError) as raised:
        configuration.settings(TOKENS | given)
    [problem] = raised.value.problems
    assert (problem.setting, problem.kind) == ("JUPYTERHUB_SPAWNER", "conflict")
    assert part in problem.text


def test_the_overlay_is_the_one_that_is_named() -> None:
    assert [name for name in CHOICE.files().split(":") if not (FOLDER.parents[1] / name).is_file()] == []
    hub = COMPOSE["services"]["hub"]
    assert hub["environment"] == dict.fromkeys(map(str.upper, CHOICE.settings.model_fields)) | MARK
    [mount] = hub["volumes"]
    assert mount["target"] == str(spawner.HOST_ETC)
    assert mount["read_only"] is True


def test_the_lines_of_the_readme_are_accepted() -> None:
    blocks = re.findall(r"```ini\n# \.env\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        given = dict(line.split("=", 1) for line in block.splitlines() if line and not line.startswith("#"))
        fields = {name.upper() for model in (HubSettings, CHOICE.settings) for name in model.model_fields}
        assert given.keys() - fields <= {"COMPOSE_FILE"}
        assert given.pop("COMPOSE_FILE", CHOICE.files()) == CHOICE.files()
        [chosen] = configuration.settings(TOKENS | SPAWNER | MARK | given).overlays
        assert isinstance(chosen, CHOICE)


def test_the_hub_does_not_start_where_no_account_can_be_looked_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [chosen] = configuration.settings(TOKENS | SPAWNER | MARK).overlays
    monkeypatch.setattr(spawner, "HOST_ETC", tmp_path)
    (tmp_path / "passwd").write_text(PASSWD)
    with pytest.raises(OperatorError) as raised:
        chosen.check_hub()
    assert [part for part in ("HOST_ETC", "group") if part not in raised.value.what] == []
    (tmp_path / "group").write_text(GROUP)
    chosen.check_hub()
