"""Accounts of the Docker host: who is found there, who is refused, and what the settings have to be."""

import re
from pathlib import Path

import pytest
import yaml
from hub.servers.system_users import Account, AccountError
from traitlets.config import Config

from hub import paths
from hub.servers import system_users
from hub.settings.fields import problems_of
from hub.settings.host import SYSTEM_USERS, SYSTEM_USERS_FILES, SystemUserSettings

REPOSITORY = Path(__file__).parents[2]
OVERLAY = REPOSITORY / "examples" / "system-users" / "docker-compose.yml"
README = (REPOSITORY / "examples" / "system-users" / "README.md").read_text()
TOKENS = {"CONFIGPROXY_AUTH_TOKEN": "c" * 64, "JUPYTERHUB_HEALTH_TOKEN": "f" * 64}
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
    assert system_users.find(etc, "zoe") == Account("zoe", 1001, 1001, frozenset({4200}))
    assert system_users.find(etc, "zoe2") == Account("zoe2", 1002, 100, frozenset({4300}))


def test_an_account_is_found_as_soon_as_it_is_made(etc: Path) -> None:
    with pytest.raises(AccountError, match=r"simon has no account on the Docker host\.") as caught:
        system_users.find(etc, "simon")
    assert caught.value.cure.endswith("sudo useradd --create-home simon")
    new = etc / "passwd+"
    new.write_text(PASSWD + "simon:x:1010:1010::/home/simon:/bin/bash\n")
    new.replace(etc / "passwd")
    assert system_users.find(etc, "simon").uid == 1010


@pytest.mark.parametrize("name", ["root", "daemon", "nobody", "wash"])
def test_accounts_of_the_system_are_refused(etc: Path, name: str) -> None:
    with pytest.raises(AccountError, match=rf"^{name} is an account of the Docker host's system \(\d+:\d+\)"):
        system_users.find(etc, name)


@pytest.mark.parametrize("name", ["..", ".", "../root", "a/b", "{username}", "zoe/"])
def test_names_that_leave_the_folder_of_the_homes_are_refused(etc: Path, name: str) -> None:
    with pytest.raises(AccountError, match="cannot be an account"):
        system_users.find(etc, name)


@pytest.mark.parametrize("name", ["torn", "inara", "zo", "zoe:x", "+nis", "", "# a comment", "zoe\n"])
def test_who_has_no_account(etc: Path, name: str) -> None:
    with pytest.raises(AccountError, match="has no account"):
        system_users.find(etc, name)


def test_a_name_in_a_command_is_quoted(etc: Path) -> None:
    with pytest.raises(AccountError) as caught:
        system_users.find(etc, "zoe;reboot")
    assert caught.value.cure.endswith("--create-home 'zoe;reboot'")


# --- Settings ---


@pytest.mark.parametrize("path", ["/home/{username}", "/volumes/user/{username}", "/srv/{username}/jupyter"])
def test_good_formats(path: str) -> None:
    assert problems_of(SystemUserSettings, {"HOST_HOMEDIR_FORMAT": path}) == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/home", "{username} is missing"),
        ("home/{username}", "it has to begin with a slash"),
        ("/home/{username}/..", "there must be no . or .. in it"),
        ("/home/{username}/{group}", "braces, commas"),
        ("/etc/{username}", "/etc is the system's"),
    ],
)
def test_bad_formats(path: str, reason: str) -> None:
    [problem] = problems_of(SystemUserSettings, {"HOST_HOMEDIR_FORMAT": path})
    assert problem.startswith(f"  HOST_HOMEDIR_FORMAT (.env or the shell) is {path!r} ({reason}")
    assert "expected an absolute path with {username} in it" in problem


@pytest.mark.parametrize(
    ("hub", "overlay", "expected"),
    [
        ({}, False, ""),
        ({"JUPYTERHUB_SPAWNER": SYSTEM_USERS}, True, ""),
        ({"JUPYTERHUB_SPAWNER": SYSTEM_USERS}, False, f"expected COMPOSE_FILE={SYSTEM_USERS_FILES}, too."),
        ({"JUPYTERHUB_SPAWNER": "docker"}, True, "is 'docker', and COMPOSE_FILE names examples/system-users"),
        ({"JUPYTERHUB_SPAWNER": SYSTEM_USERS, "KG_URL": "x", "CLIENT_CERT": "c"}, True, "`make client-cert` stores"),
    ],
)
def test_spawner_and_overlay_go_together(hub: dict[str, str], overlay: bool, expected: str) -> None:
    found = "".join(host_settings.problems_of_system_users(hub, overlay))
    assert expected in found
    assert bool(expected) == bool(found)


def test_the_overlay_is_the_one_that_is_spoken_of() -> None:
    assert [name for name in SYSTEM_USERS_FILES.split(":") if not (REPOSITORY / name).is_file()] == []
    overlay = yaml.safe_load(OVERLAY.read_text())
    assert overlay[host_settings.OVERLAY_OF_SYSTEM_USERS].keys() == {
        name.upper() for name in SystemUserSettings.model_fields
    }
    [mount] = overlay["services"]["hub"]["volumes"]
    assert mount["target"] == str(paths.HOST_ETC)
    assert mount["read_only"] is True


def test_the_lines_of_the_readme_are_accepted() -> None:
    blocks = re.findall(r"```ini\n# \.env\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        given = dict(line.split("=", 1) for line in block.splitlines() if line and not line.startswith("#"))
        fields = {name.upper() for model in (settings.Settings, SystemUserSettings) for name in model.model_fields}
        assert given.keys() - fields <= {"COMPOSE_FILE"}
        assert given.get("COMPOSE_FILE", SYSTEM_USERS_FILES) == SYSTEM_USERS_FILES
        assert settings.problems_of_hub(TOKENS | given) == []
        assert problems_of(SystemUserSettings, given) == []


def test_the_hub_does_not_start_where_no_account_can_be_looked_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    values, _ = settings.load(TOKENS | {"JUPYTERHUB_SPAWNER": SYSTEM_USERS})
    monkeypatch.setattr(paths, "HOST_ETC", tmp_path)
    (tmp_path / "passwd").write_text(PASSWD)
    with pytest.raises(settings.SettingsError, match=r"HOST_ETC .*: its group cannot be read \(No such file"):
        system_users.check(values, {})
    (tmp_path / "group").write_text(GROUP)
    system_users.check(values, {})
    with pytest.raises(settings.SettingsError, match=r"HOST_HOMEDIR_FORMAT .* is '/home' "):
        system_users.check(values, {"HOST_HOMEDIR_FORMAT": "/home"})


def test_without_the_choice_nothing_changes() -> None:
    values, _ = settings.load(TOKENS)
    c = Config()
    system_users.configure(c, values, {})
    system_users.check(values, {})
    assert c == Config()
