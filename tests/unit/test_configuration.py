"""jupyterhub_config.py: each function sets its own concern, so that their order does not matter."""

import ast
from collections.abc import Sequence
from functools import partial
from itertools import permutations
from pathlib import Path
from types import CodeType, MethodType

import pytest
from traitlets.config import Config

from hub import configuration
from hub.configuration import Configuration
from support.settings import environment

CONFIG = Path(__file__).parents[2] / "jupyterhub_config.py"
BODY = ast.parse(CONFIG.read_text()).body
# The statements that set something: the traits of a group of settings, or a concern.
STEPS = [number for number, each in enumerate(BODY) if "(c, " in ast.unparse(each)]
GATEWAY = {
    "KG_URL": "https://gateway:8888",
    "CLIENT_KEY": "key.pem",
    "CLIENT_CERT": "cert.pem",
    "CLIENT_CA": "ca.pem",
}
DEPLOYMENTS = {
    "native": environment(
        "native", NATIVE_OPEN_SIGNUP="true", GPUS="1", DOCKER_SPAWN_CMD="start-singleuser.py", IDLE_TIMEOUT="600"
    ),
    "provider": environment("generic-oauth", OAUTH_GROUPS_CLAIM="groups", NAMED_SERVER_LIMIT="2"),
    "directory": environment("ldap", JUPYTERHUB_SUBDOMAIN_HOST="https://hub.example.org"),
    "gateway": environment("native", SERVER_ENVIRONMENT="LANG=de_DE.UTF-8", EXTRA_HOSTS="db:10.0.0.7", **GATEWAY),
    "system-users": environment("shared-password", JUPYTERHUB_SPAWNER="docker-system-user", OVERLAY_SYSTEM_USERS="1"),
}
FILES = {
    "userlist": "zoe admin bridge\nmal\n",
    "profiles.yaml": "- name: Small\n  image: jupyterhub-user\n- name: Large\n  image: jupyterhub-user\n  memory: 8G\n",
    "folders.yaml": "- name: shared\n",
}


def program(order: Sequence[int]) -> CodeType:
    """The file, with its steps in another order."""
    body = list(BODY)
    for place, other in zip(STEPS, order, strict=True):
        body[place] = BODY[other]
    return compile(ast.Module(body, []), CONFIG.name, "exec")


def comparable(value: object) -> object:
    """A value of a configuration; what has no equality of its own, by its parts.

    What traitlets keeps of `c.Class.trait.append(…)` is equal to nothing: no function adds to what another one sets.
    """
    match value:
        case partial():
            return value.func, comparable(value.args), comparable(value.keywords)
        case MethodType():
            return value.__func__, comparable(vars(value.__self__))
        case type():  # an OAuth provider's is made anew each time
            return value.__qualname__, value.__bases__
        case dict():
            return {key: comparable(each) for key, each in value.items()}
        case list() | tuple():
            return [comparable(each) for each in value]
        case _:
            return value


def configured(code: CodeType) -> object:
    config = Config()
    exec(code, {"get_config": lambda: config, "__name__": "jupyterhub_config"})
    return comparable(config)


@pytest.fixture(params=DEPLOYMENTS)
def found(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configuration:
    """What a deployment has, which the configuration then takes for that of the process."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    loaded = configuration.load(DEPLOYMENTS[request.param], tmp_path)
    monkeypatch.setattr(configuration, "of_this_process", lambda: loaded)
    return loaded


def test_the_order_of_the_functions_does_not_matter(found: Configuration) -> None:
    """Every 29th order, and the reverse: so each function comes before and after each other one."""
    orders = list(permutations(STEPS))
    assert len(STEPS) == 6
    expected = configured(program(orders[0]))
    assert {"JupyterHub", "HubDockerSpawner", "Authenticator"} <= expected.keys()
    for order in (*orders[::29], orders[-1]):
        assert configured(program(order)) == expected, [ast.unparse(BODY[step]) for step in order]
