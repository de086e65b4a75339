"""Whose rights a server has, by the settings; and the settings that make no sense together."""

import pytest

from hub import configuration
from hub.errors import SettingsError
from hub.servers import rights
from hub.settings.hub import HubSettings
from support.settings import TOKENS, problems, warnings

STACKS = {"DOCKER_NOTEBOOK_IMAGE": "quay.io/jupyter/base-notebook:2026-11-02"}


def load(**given: str) -> HubSettings:
    return configuration.settings(TOKENS | STACKS | given).hub


def test_by_default_a_server_has_no_rights_and_gets_none() -> None:
    values = load()
    assert rights.rights(values) == {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
    assert rights.create_arguments(values) == {}
    assert rights.environment(values) == {}


@pytest.mark.parametrize("given", [{"NB_UID": "2000"}, {"NB_GID": "2000"}])
def test_another_number_takes_root_at_the_start_and_nothing_later(given: dict[str, str]) -> None:
    values = load(**given)
    assert rights.create_arguments(values) == {"user": "root"}
    granted = rights.rights(values)
    assert granted["cap_drop"] == ["ALL"]
    assert granted["cap_add"] == rights.SWITCHING
    assert granted["security_opt"] == ["no-new-privileges"]
    chown = {"CHOWN_HOME": "yes", "CHOWN_EXTRA": "/home/jovyan"}
    assert rights.environment(values) == chown | given


def test_sudo_takes_more_but_never_the_others_traffic() -> None:
    values = load(GRANT_SUDO="yes")
    granted = rights.rights(values)
    assert "security_opt" not in granted
    assert set(granted["cap_add"]) > set(rights.SWITCHING)
    assert not {"NET_RAW", "NET_ADMIN", "MKNOD", "SYS_ADMIN"} & set(granted["cap_add"])
    assert rights.environment(values)["GRANT_SUDO"] == "yes"


def test_sudo_is_warned_of() -> None:
    (warning,) = warnings(TOKENS | STACKS | {"GRANT_SUDO": "true"})
    assert warning.startswith("GRANT_SUDO=true")
    assert warnings(TOKENS | STACKS | {"NB_UID": "2000"}) == []


@pytest.mark.parametrize("given", [{"GRANT_SUDO": "true"}, {"NB_UID": "2000", "NB_GID": "2000"}])
def test_our_own_image_cannot_do_it(given: dict[str, str]) -> None:
    (problem,) = problems(TOKENS | given)
    assert (problem.setting, problem.kind) == ("DOCKER_NOTEBOOK_IMAGE", "conflict")
    assert all(name in problem.text for name in given)


@pytest.mark.parametrize("url", ["/", "/lab", "/tree", "/lab/tree/class/welcome.ipynb", "/lab?reset", "/doc#top"])
def test_what_may_open(url: str) -> None:
    assert load(DEFAULT_URL=url).default_url == url


@pytest.mark.parametrize(
    "url", ["lab", "https://example.org", "//example.org", "/\\example.org", "/a b", "/lab/{username}", "/lab\n"]
)
def test_what_may_not(url: str) -> None:
    with pytest.raises(SettingsError, match="DEFAULT_URL"):
        load(DEFAULT_URL=url)
