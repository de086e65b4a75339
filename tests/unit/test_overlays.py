"""Choices in examples/: when one is chosen, and that the hub's part of it needs nothing of host/."""

import subprocess
import sys
from pathlib import Path

import pytest

from hub import configuration
from hub.overlays import overlays
from support.settings import TOKENS

ROOT = Path(__file__).parents[2]
GATEWAY = {
    "KG_URL": "https://gateway:8888",
    "CLIENT_KEY": "key.pem",
    "CLIENT_CERT": "cert.pem",
    "CLIENT_CA": "ca.pem",
}
ACCOUNTS = {"JUPYTERHUB_SPAWNER": "docker-system-user", "OVERLAY_SYSTEM_USERS": "1"}
CERTIFICATE = {"OVERLAY_LETSENCRYPT": "1", "DOMAIN": "hub.example.org", "EMAIL": "zoe@example.org"}
CHOICES = {"kernel-gateway": GATEWAY, "letsencrypt": CERTIFICATE, "system-users": ACCOUNTS}


def chosen(environment: dict[str, str]) -> list[str]:
    return [each.folder() for each in configuration.settings(TOKENS | environment).overlays]


def test_each_folder_with_an_overlay_is_known() -> None:
    assert [each.folder() for each in overlays()] == sorted(CHOICES)
    assert len({each.mark() for each in overlays()}) == len(CHOICES)


def test_each_is_chosen_by_its_own_lines_alone() -> None:
    assert chosen({}) == []
    for folder, environment in CHOICES.items():
        assert chosen(environment) == [folder]
    assert chosen(GATEWAY | CERTIFICATE) == ["kernel-gateway", "letsencrypt"]


def test_settings_of_a_choice_with_a_compose_file_do_not_choose_it() -> None:
    """Those names may be in the environment for something else."""
    assert chosen({"DOMAIN": "hub.example.org", "HOST_ETC": "/srv/accounts"}) == []


@pytest.mark.parametrize("folder", CHOICES)
def test_the_hub_needs_nothing_of_host(folder: str) -> None:
    """Its container has no host/."""
    code = (
        "import os, sys\nsys.modules['host'] = None\n"
        "from traitlets.config import Config\nfrom hub import configuration\nfrom hub.servers import config\n"
        "found = configuration.settings(os.environ)\nconfig.configure(Config(), found)\n"
        "print(*(each.folder() for each in found.overlays))"
    )
    environment = TOKENS | CHOICES[folder]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (f"{folder}\n", "")
