"""What `make doctor` makes of answers: in the words that Docker has given them."""

import json
from base64 import b64encode

import pytest

from host import doctor
from host.doctor import HUB_VERSION, Answer

IMAGE = "class-notebook"
GONE = "Error response from daemon: No such image: class-notebook:latest"
NO_SUCH_PROGRAM = (
    "docker: Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime "
    'create failed: runc create failed: unable to start container process: exec: "jupyterhub-singleuser": executable '
    "file not found in $PATH: unknown."
)
PLAN = " DRY-RUN MODE -  Container jupyterhub-proxy  Running \n DRY-RUN MODE -  Container jupyterhub  {} \n"
NO_DRIVER = 'docker: Error response from daemon: could not select device driver "" with capabilities: [[gpu]].'
OTHER_MINOR = f"{HUB_VERSION.split('.')[0]}.99.0"
OTHER_PATCH = f"{'.'.join(HUB_VERSION.split('.')[:2])}.99"


def answer(out: str = "", *, code: int = 0, err: str = "") -> list[Answer]:
    return [Answer(code, out, err)]


def about_image(identity: str = "sha256:new", entrypoint: list[str] | None = None, cmd: list[str] | None = None) -> str:
    return json.dumps({"Id": identity, "Entrypoint": entrypoint, "Cmd": cmd or ["start-singleuser.py"]})


def good() -> doctor.Answers:
    """What a host says where everything is as it should be."""
    return {
        "engine": answer("26.1.5+dfsg1"),
        "compose": answer("2.26.1-4"),
        "settings": answer(),
        "userlist": answer(),
        "plan": answer(err=PLAN.format("Running")),
        "container:hub": answer("running|healthy|/jupyterhub"),
        "container:proxy": answer("running|healthy|/jupyterhub-proxy"),
        "network:jupyterhub-network": answer("bridge"),
        "volume:jupyterhub-data": answer("local"),
        "disk": answer(str(20 * doctor.GIB)),
        "command": answer(),
        f"image:{IMAGE}": answer(about_image()),
        f"version:{IMAGE}": answer(HUB_VERSION) * 2,
        f"reach:{IMAGE}": answer(f'{{"version": "{HUB_VERSION}"}}'),
        "servers": answer(f"zoe|sha256:new|{IMAGE}\nwash|sha256:new|{IMAGE}"),
    }


def report(**changed: list[Answer]) -> doctor.Report:
    """The report when some answers are others; `__` is a colon, `IMAGE` the image's name."""
    renamed = {name.replace("__", ":").replace("IMAGE", IMAGE): value for name, value in changed.items()}
    return doctor.judge(good() | renamed)


def test_a_good_host() -> None:
    found = report()
    assert [line for line in found.lines if not line.startswith("ok    ")] == []
    assert len(found.lines) == 13
    assert found.verdict == "Everything is as it should be."


CASES = {
    "an old Engine": ({"engine": answer("24.0.7")}, "FAIL  Docker Engine is 24.0.7, expected 25 or later"),
    "an old Compose": ({"compose": answer("v2.23.3")}, "FAIL  Docker Compose is v2.23.3, expected 2.24 or later"),
    "a bad setting": (
        {
            "settings": answer(
                code=1,
                err="FAIL: 1 setting cannot be used:\n  CPU_LIMIT is '-1'; expected 0.\n      To mend it: correct.",
            )
        },
        "FAIL  1 setting cannot be used:\n        CPU_LIMIT is '-1'; expected 0.\n      To mend it: correct them",
    ),
    "a warning": ({"settings": answer(err="WARNING: GRANT_SUDO=true: …")}, "warn  GRANT_SUDO=true: …"),
    "a bad userlist": (
        {"userlist": answer(code=1, err="FAIL: the userlist cannot be used:\nuserlist:2: …\n      To mend it: …")},
        "FAIL  the userlist cannot be used:\n      userlist:2: …",
    ),
    "no hub": ({"container__hub": answer(code=1, err="No such container")}, "FAIL  hub: there is no container"),
    "a stopped hub": (
        {"container__hub": answer("exited|unhealthy|/jupyterhub")},
        "FAIL  hub: the container is exited\n      To mend it: make up",
    ),
    "a sick hub": (
        {"container__hub": answer("running|unhealthy|/jupyterhub")},
        "FAIL  hub: the container is unhealthy\n      To mend it: read why: docker compose logs hub",
    ),
    "an older hub": (
        {"plan": answer(err=PLAN.format("Recreate"))},
        "warn  hub runs from an older image or with older settings than there are now\n      To mend it: docker",
    ),
    "a start that cannot be": (
        {"plan": answer(code=1, err="network jupyterhub-network cannot be found")},
        "FAIL  docker compose up -d would fail: network jupyterhub-network cannot be found",
    ),
    "no network": (
        {"network__jupyterhub-network": answer(code=1)},
        "FAIL  the network jupyterhub-network is missing\n      To mend it: make network volumes",
    ),
    "no volume": ({"volume__jupyterhub-data": answer(code=1)}, "FAIL  the volume jupyterhub-data is missing"),
    "a full disk": ({"disk": answer(str(doctor.GIB // 2))}, "FAIL  0.5 GiB are free where the Engine keeps its data"),
    "a disk that fills": ({"disk": answer(str(4 * doctor.GIB))}, "warn  4.0 GiB are free"),
    "no image": (
        {"image__IMAGE": answer(code=1, err=GONE)},
        f"FAIL  the notebook image {IMAGE} is not on the Docker host\n      To mend it: make notebook_image",
    ),
    "a shell": (
        {"image__IMAGE": answer(about_image(cmd=["/bin/bash"]))},
        f"FAIL  {IMAGE} starts /bin/bash, which is no server\n      To mend it: set DOCKER_SPAWN_CMD=",
    ),
    "no command": (
        {"image__IMAGE": answer('{"Id": "sha256:new", "Entrypoint": null, "Cmd": null}')},
        f"FAIL  {IMAGE} has no command that starts a server",
    ),
    "no JupyterHub": (
        {"version__IMAGE": answer(code=127, err=NO_SUCH_PROGRAM) * 2},
        f"FAIL  no JupyterHub was found in {IMAGE}: it has no jupyterhub-singleuser on PATH\n      To mend it: ",
    ),
    "a JupyterHub that breaks": (
        {
            "version__IMAGE": answer(
                code=1, err="Traceback …\nImportError: no module\n\nRun 'docker run --help' for more"
            )
            * 2
        },
        f"FAIL  no JupyterHub was found in {IMAGE}: ImportError: no module\n",
    ),
    "another JupyterHub": (
        {"version__IMAGE": answer(OTHER_MINOR) * 2},
        f"FAIL  {IMAGE} has JupyterHub {OTHER_MINOR}, and the hub {HUB_VERSION}",
    ),
    "nearly the same JupyterHub": (
        {"version__IMAGE": answer(OTHER_PATCH) * 2},
        f"warn  {IMAGE} has JupyterHub {OTHER_PATCH}, and the hub {HUB_VERSION}",
    ),
    "another program": (
        {"version__IMAGE": [*answer(code=127, err=NO_SUCH_PROGRAM), *answer("sleep (GNU coreutils) 9.7")]},
        f"FAIL  no JupyterHub was found in {IMAGE}",
    ),
    "an image that hangs": (
        {"version__IMAGE": answer(code=doctor.TIMED_OUT) * 2},
        f"warn  {IMAGE} did not say in time which JupyterHub it has",
    ),
    "a firewall": (
        {"reach__IMAGE": answer(code=1, err="Traceback …\nurllib.error.URLError: <urlopen error timed out>")},
        f"FAIL  a container of {IMAGE} does not reach the hub: urllib.error.URLError: <urlopen error timed out>",
    ),
    "no Python to ask with": (
        {"reach__IMAGE": answer(code=127, err=NO_SUCH_PROGRAM.replace("jupyterhub-singleuser", "python3"))},
        f"warn  whether {IMAGE} reaches the hub could not be seen: it has no python3 on PATH",
    ),
    "a stale server": (
        {"servers": answer(f"zoe|sha256:old|{IMAGE}\nwash|sha256:new|{IMAGE}")},
        "warn  servers that run from an image which their next start would not take: zoe",
    ),
    "a bad file of profiles": (
        {
            "profiles": answer(
                code=1, err="FAIL: profiles.yaml cannot be used:\nprofiles.yaml:2: x.\n      To mend it: y"
            )
        },
        "FAIL  profiles.yaml cannot be used:\n      profiles.yaml:2: x.\n      To mend it: correct them, then: make up",
    ),
    "no GPU": (
        {"gpus:all": answer(code=125, err=NO_DRIVER)},
        f"FAIL  the Engine cannot give a server the GPUs that were asked for, all: {NO_DRIVER}",
    ),
}


@pytest.mark.parametrize(("changed", "line"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_said_with_its_cure(changed: dict[str, list[Answer]], line: str) -> None:
    found = report(**changed)
    text = "\n".join(found.lines)
    assert line in text
    assert "\n      To mend it: " in text
    assert (found.failed > 0) == ("FAIL  " in text)
    assert found.verdict.endswith("begin with the first one above.")


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (answer("2000"), f"ok    {IMAGE} starts as root and becomes user 2000"),
        (answer("0"), f"FAIL  {IMAGE} starts as root for NB_UID, NB_GID or GRANT_SUDO, and stays it"),
        (answer(code=127), f"FAIL  {IMAGE} starts as root for NB_UID, NB_GID or GRANT_SUDO, and stays it"),
    ],
)
def test_an_image_that_starts_as_root(found: list[Answer], line: str) -> None:
    assert line in report(user__IMAGE=found).lines


def test_gpus_that_are_there() -> None:
    assert (
        report(**{"gpus:all": answer()}).lines[-1] == "ok    the Engine gives servers the GPUs that were asked for, all"
    )


def test_a_command_of_the_settings_is_the_one_that_counts() -> None:
    found = report(image__IMAGE=answer(about_image(cmd=["bash"])), command=answer("jupyterhub-singleuser --debug"))
    assert f"ok    {IMAGE} starts jupyterhub-singleuser --debug" in found.lines


def test_a_version_that_only_the_images_own_entrypoint_finds() -> None:
    found = report(version__IMAGE=[*answer(code=127, err=NO_SUCH_PROGRAM), *answer(f"activating\n{HUB_VERSION}")])
    assert f"ok    {IMAGE} has JupyterHub {HUB_VERSION}, as the hub" in found.lines


def test_without_the_hub_nobody_is_asked_to_reach_it() -> None:
    found = report(container__hub=answer(code=1), reach__IMAGE=answer(code=1, err="gaierror"))
    assert f"warn  whether {IMAGE} reaches the hub could not be seen: the hub does not run" in found.lines


def test_the_lines_of_the_script_are_read() -> None:
    def coded(text: str) -> str:
        return b64encode(text.encode()).decode()

    lines = [f"engine 0 {coded('26.1.5')} \n", f"reach:a:1 7  {coded('one\ntwo\n')}\n", "reach:a:1 0  \n"]
    assert doctor.parse(lines) == {
        "engine": [Answer(0, "26.1.5", "")],
        "reach:a:1": [Answer(7, "", "one\ntwo"), Answer(0, "", "")],
    }
    assert doctor.parse(lines)["reach:a:1"][0].last_words == "two"


@pytest.mark.parametrize(
    ("version", "numbers"),
    [
        ("26.1.5+dfsg1", (26, 1, 5)),
        ("v2.24.0-desktop.1", (2, 24, 0)),
        ("2.26.1-4", (2, 26, 1)),
        ("28", (28,)),
        ("", ()),
    ],
)
def test_numbers_of_versions(version: str, numbers: tuple[int, ...]) -> None:
    assert doctor.numbers(version) == numbers
