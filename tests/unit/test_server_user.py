"""Whose rights a server has, by the settings; and the settings that make no sense together."""

import pytest

from hub.settings.hub import Settings, SettingsError

TOKENS = {"CONFIGPROXY_AUTH_TOKEN": "c" * 64, "JUPYTERHUB_HEALTH_TOKEN": "f" * 64}
STACKS = {"DOCKER_NOTEBOOK_IMAGE": "quay.io/jupyter/base-notebook:2026-11-02"}


def load(**given: str) -> Settings:
    return settings.load(TOKENS | STACKS | given)[0]


def test_by_default_a_server_has_no_rights_and_gets_none() -> None:
    values = load()
    assert server_user.rights(values) == {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"]}
    assert server_user.create_arguments(values) == {}
    assert server_user.environment(values) == {}


@pytest.mark.parametrize("given", [{"NB_UID": "2000"}, {"NB_GID": "2000"}])
def test_another_number_takes_root_at_the_start_and_nothing_later(given: dict[str, str]) -> None:
    values = load(**given)
    assert server_user.create_arguments(values) == {"user": "root"}
    rights = server_user.rights(values)
    assert rights["cap_drop"] == ["ALL"]
    assert rights["cap_add"] == server_user.SWITCHING
    assert rights["security_opt"] == ["no-new-privileges"]
    chown = {"CHOWN_HOME": "yes", "CHOWN_EXTRA": "/home/jovyan/work"}
    assert server_user.environment(values) == chown | given


def test_sudo_takes_more_but_never_the_others_traffic() -> None:
    values = load(GRANT_SUDO="yes")
    rights = server_user.rights(values)
    assert "security_opt" not in rights
    assert set(rights["cap_add"]) > set(server_user.SWITCHING)
    assert not {"NET_RAW", "NET_ADMIN", "MKNOD", "SYS_ADMIN"} & set(rights["cap_add"])
    assert server_user.environment(values)["GRANT_SUDO"] == "yes"


def test_sudo_is_warned_of() -> None:
    (warning,) = settings.warnings(TOKENS | STACKS | {"GRANT_SUDO": "true"})
    assert warning.startswith("GRANT_SUDO=true: everybody is root in their own server")
    assert settings.warnings(TOKENS | STACKS | {"NB_UID": "2000"}) == []


@pytest.mark.parametrize("given", [{"GRANT_SUDO": "true"}, {"NB_UID": "2000", "NB_GID": "2000"}])
def test_our_own_image_cannot_do_it(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as raised:
        settings.load(TOKENS | given)
    assert "DOCKER_NOTEBOOK_IMAGE (.env or the shell) is 'jupyterhub-user'" in str(raised.value)
    assert f"or {' and '.join(given)} left empty" in str(raised.value)


@pytest.mark.parametrize("url", ["/", "/lab", "/tree", "/lab/tree/class/welcome.ipynb", "/lab?reset", "/doc#top"])
def test_what_may_open(url: str) -> None:
    assert load(DEFAULT_URL=url).default_url == url


@pytest.mark.parametrize(
    "url", ["lab", "https://example.org", "//example.org", "/\\example.org", "/a b", "/lab/{username}", "/lab\n"]
)
def test_what_may_not(url: str) -> None:
    with pytest.raises(SettingsError, match="DEFAULT_URL"):
        load(DEFAULT_URL=url)
