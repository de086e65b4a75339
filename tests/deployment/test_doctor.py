"""`make doctor`: all ok where all is well; each real fault by its name and with its cure."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from subprocess import CompletedProcess

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP521R1, generate_private_key

from support.certificates import Signer
from support.deployment import PREFIX, Deployment
from support.people import Visitor

BASE_IMAGE = os.environ.get("BASE_IMAGE", "debian:trixie-slim")
CA_BUNDLE = "id=ca_bundle,src=/etc/ssl/certs/ca-certificates.crt"
OLDER = "5.4.5"
OLDER_IMAGE = f"""
ARG NOTEBOOK_IMAGE
FROM ${{NOTEBOOK_IMAGE}}
USER root
RUN --mount=type=secret,id=ca_bundle \\
    PIP_CERT=/run/secrets/ca_bundle /opt/jupyter/bin/pip install --no-deps jupyterhub=={OLDER}
USER 1000
"""


@pytest.fixture(scope="module")
def clinic(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment with a server that runs."""
    clinic = make_deployment(f"{PREFIX}clinic")
    clinic.write("userlist", "admin admin\nsimon\n")
    clinic.up()
    clinic.start_server("simon", token=clinic.token())
    return clinic


@pytest.fixture(scope="module")
def older(clinic: Deployment) -> str:
    """A notebook image with the JupyterHub of some time ago."""
    image = f"{clinic.project}-older"
    base = ("--build-arg", f"NOTEBOOK_IMAGE={clinic.project}-user", "--secret", CA_BUNDLE)
    clinic.docker("build", "--quiet", "--tag", image, *base, "-", stdin=OLDER_IMAGE)
    return image


def examine(clinic: Deployment, **env: str) -> CompletedProcess[str]:
    return clinic.make("doctor", env=env, check=False)


def complaints(done: CompletedProcess[str]) -> str:
    """The lines that are not ok, each with its cure."""
    lines = re.findall(r"^(?:warn|FAIL)  .*(?:\n      .*)*", done.stdout, re.MULTILINE)
    assert all("\n      Fix: " in line for line in lines), done.stdout
    return "\n".join(lines)


LOCK_OUT = (
    "import sqlite3; db = sqlite3.connect('/data/jupyterhub.sqlite'); "
    "db.execute('UPDATE users_info SET is_authorized = 0 WHERE username = \"admin\"'); db.commit()"
)


@contextmanager
def undone(clinic: Deployment, *command: str) -> Iterator[None]:
    """After the block, a command of Docker's mends what was broken in it."""
    try:
        yield
    finally:
        clinic.docker(*command)
        clinic.compose("up", "--detach", "--wait")


def test_a_healthy_deployment(clinic: Deployment) -> None:
    done = examine(clinic)
    assert done.returncode == 0, done.stdout + done.stderr
    assert complaints(done) == ""
    title, *lines = done.stdout.splitlines()
    assert title.startswith(f"{clinic.project}, 20")
    assert lines[-1] == "Everything is as it should be."
    image, version = f"{clinic.project}-user", clinic.hub_exec("jupyterhub", "--version").strip()
    for line in (
        "ok    settings, userlist and the other files can be used",
        "ok    hub runs, healthy, with the current image and settings",
        "ok    proxy runs, healthy, with the current image and settings",
        f"ok    the network {clinic.project}-network is there",
        f"ok    the volume {clinic.project}-data is there",
        f"ok    {image} starts start-singleuser.py",
        f"ok    {image} has JupyterHub {version}; the hub has {version}",
        f"ok    a container of {image} reaches the hub",
        "ok    administrators who can sign in: admin",
        "ok    users' servers that run: 1, with the current image",
    ):
        assert line in lines


def test_no_administrator_can_sign_in_until_the_fix(clinic: Deployment) -> None:
    password = clinic.password("admin")
    clinic.hub_exec("python", "-c", LOCK_OUT)
    assert "not been authorized" in Visitor(clinic.url).sign_in("admin", password)
    done = examine(clinic)
    assert done.returncode != 0
    assert "FAIL  no administrator can sign in\n      Fix: make password USER=admin" in complaints(done)
    assert Visitor(clinic.url).sign_in("admin", clinic.new_password("admin")) == ""
    assert "ok    administrators who can sign in: admin" in examine(clinic).stdout


def test_a_pair_that_browsers_refuse_and_no_secret_is_in_the_report(clinic: Deployment) -> None:
    files = [clinic.root / "secrets" / f"jupyterhub.{suffix}" for suffix in ("crt", "key")]
    before = [file.read_text() for file in files]
    unpopular = Signer("localhost", names=("localhost",), key=generate_private_key(SECP521R1()))
    for file, content in zip(files, (unpopular.pem, unpopular.private()), strict=True):
        file.write_bytes(content)
    try:
        done = examine(clinic)
    finally:
        for file, content in zip(files, before, strict=True):
            file.write_text(content)
    assert "warn  browsers refuse the EC key on secp521r1 of secrets/jupyterhub.crt" in complaints(done)
    secrets = re.findall(r"=(\S{16,})", "".join(path.read_text() for path in clinic.root.glob("secrets/*.env")))
    assert len(secrets) >= 3
    secrets += unpopular.private().decode().splitlines()[1:-1]
    assert [secret for secret in secrets if secret in done.stdout + done.stderr] == []


def test_nothing_is_changed_or_left_over(clinic: Deployment) -> None:
    before = everything(clinic)
    examine(clinic, CPU_LIMIT="0.5")
    assert everything(clinic) == before


def everything(clinic: Deployment) -> str:
    """The containers of the deployment, by their ids."""
    return clinic.docker("ps", "--all", "--filter", f"name=^{clinic.project}", "--format", "{{.ID}} {{.Names}}").stdout


def test_an_image_with_another_jupyterhub(clinic: Deployment, older: str) -> None:
    done = examine(clinic, DOCKER_NOTEBOOK_IMAGE=older)
    found = complaints(done)
    hub = clinic.hub_exec("jupyterhub", "--version").strip()
    assert re.search(rf"warn  The image {older} has JupyterHub {re.escape(OLDER)}, .*{re.escape(hub)}", found)
    # The hub itself was started with another image, which a setting has changed since.
    assert "warn  hub runs with an older image or older settings" in found
    assert done.stdout.endswith("2 warn: begin with the first one above.\n")


def test_an_image_without_jupyterhub(clinic: Deployment) -> None:
    done = examine(clinic, DOCKER_NOTEBOOK_IMAGE=BASE_IMAGE)
    assert done.returncode != 0
    found = complaints(done)
    assert f"FAIL  {BASE_IMAGE} starts bash, which is not a server\n      Fix: set DOCKER_SPAWN_CMD" in found
    assert f"FAIL  no JupyterHub was found in {BASE_IMAGE}: it has no jupyterhub-singleuser on PATH" in found
    assert "docs/images.md" in found
    assert f"warn  whether {BASE_IMAGE} reaches the hub is not known: it has no python3 on PATH" in found


def test_a_hub_that_is_stopped(clinic: Deployment) -> None:
    with undone(clinic, "start", clinic.project):
        clinic.compose("stop", "hub")
        done = examine(clinic)
    assert done.returncode != 0
    assert "FAIL  hub: the container is exited\n      Fix: make up" in complaints(done)
    assert "ok    proxy runs" in done.stdout


def test_a_hub_that_servers_cannot_reach(clinic: Deployment) -> None:
    network = f"{clinic.project}-network"
    with undone(clinic, "network", "connect", "--alias", "hub", network, clinic.project):
        clinic.docker("network", "disconnect", network, clinic.project)
        done = examine(clinic)
    assert done.returncode != 0
    assert f"FAIL  a container of {clinic.project}-user does not reach the hub: " in complaints(done)


def test_an_image_that_is_gone_or_newer_than_a_server(clinic: Deployment, older: str) -> None:
    image, kept = f"{clinic.project}-user", f"{clinic.project}-kept"
    clinic.docker("tag", image, kept)
    with undone(clinic, "tag", kept, image):
        clinic.docker("rmi", image)
        gone = examine(clinic)
        clinic.docker("tag", older, image)
        newer = examine(clinic)
    assert gone.returncode != 0
    cure = "\n      Fix: make notebook_image"
    assert f"FAIL  the notebook image {image} is not on the Docker host{cure}" in complaints(gone)
    assert "warn  servers with an older image or older settings: simon" in complaints(newer)


def test_bad_settings_and_a_bad_list(clinic: Deployment) -> None:
    userlist = (clinic.root / "userlist").read_text()
    clinic.write("userlist", "admin admin\nmal,inara\n")
    try:
        done = examine(clinic, CPU_LIMIT="-1")
    finally:
        clinic.write("userlist", userlist)
    assert done.returncode != 0
    found = complaints(done)
    assert "FAIL  1 setting cannot be used:\n        CPU_LIMIT (.env or the shell) is '-1'" in found
    assert "FAIL  userlist cannot be used:\n      userlist:2: 'mal,inara'" in found


def test_gpus_that_are_not_there(clinic: Deployment) -> None:
    file = clinic.write("profiles.yaml", "- name: Flight simulator\n  gpus: 2\n")
    try:
        done = examine(clinic, GPUS="device=0,2")
        file.write_text("- name: Flight simulator\n  gpus: many\n")
        bad = examine(clinic)
    finally:
        file.unlink()
    assert done.returncode != 0
    for asked in ("2", "device=0,2"):
        what = f"FAIL  the Engine cannot give a server the GPUs {asked}: "
        assert re.search(f"{what}.*could not select device driver .*\\[gpu", complaints(done))
    assert "FAIL  profiles.yaml cannot be used:\n      profiles.yaml:2: gpus is 'many'" in complaints(bad)


def test_before_anything_is_built(make_deployment: Callable[..., Deployment]) -> None:
    done = examine(make_deployment(f"{PREFIX}nothing"))
    assert done.returncode != 0
    assert "FAIL: nothing is built yet.\n      Fix: make up" in done.stderr
