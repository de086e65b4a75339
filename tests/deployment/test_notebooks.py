"""The default notebook image, and those made from it: Lab or Notebook, packages, kernels, users' numbers, sudo."""

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from support.browser import (
    CELL_SECONDS,
    PAGE_SECONDS,
    PROMPT,
    SPAWN_SECONDS,
    sign_in,
    start_cell,
    visit,
    wait_for_kernel,
)
from support.deployment import PREFIX, REPOSITORY, Deployment
from support.kernel import Kernel
from support.people import users
from support.servers import running, stop
from support.terminal import Terminal

CA_BUNDLE = "id=ca_bundle,src=/etc/ssl/certs/ca-certificates.crt"
DEFAULTS = dict.fromkeys(("DEFAULT_URL", "DOCKER_NOTEBOOK_DIR", "GRANT_SUDO", "NB_GID", "NB_UID"), "")
EXAMPLE = "examples/custom-notebook"
HOME = "/home/jovyan"
ON_DEMAND = {"WITH_COMPILER": "true", "LANGUAGE_PACKS": "de-DE fr-FR"}
LANGUAGES = "from importlib.metadata import entry_points as e; print(sorted(e(group='jupyterlab.languagepack').names))"
USERS = ("alice", "bob", "inara", "kaylee", "mal", "simon", "wash", "zoe")
WRITE_MINE = "open('/home/jovyan/welcome.ipynb', 'w').write('mine')"
READ = "print(open('/home/jovyan/welcome.ipynb').read())"
SUDO = "import subprocess as s; d = s.run(['sudo', '-n', 'id', '-u'], capture_output=True, text=True); print(d)"
MINE = "/home/jovyan/mine.txt"
# A wheel that is made here, because servers under test have no index: an own package, and a lower version of one that
# the image has for kernels. In a virtual environment, pip would not let the second one go first on sys.path.
MAKE_WHEELS = """
import zipfile
for name, version in (("ship", "1"), ("debugpy", "0.1")):
    with zipfile.ZipFile(f"/tmp/{name}-{version}-py3-none-any.whl", "w") as wheel:
        info = f"{name}-{version}.dist-info"
        wheel.writestr(f"{name}/__init__.py", f"where = 'installed by the user'")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
"""
INSTALL = "%pip install --no-index /tmp/ship-1-py3-none-any.whl /tmp/debugpy-0.1-py3-none-any.whl"
REMOVE = "%pip uninstall --yes ship debugpy"
# What a user does who wants a kernel with packages of its own; ipykernel is the image's, so that no index is needed.
OWN_KERNEL = (
    "python -m venv --system-site-packages ~/own"
    " && ~/own/bin/python -m ipykernel install --user --name own --display-name Own"
)
# JupyterLab's menu leaves these out.
NOT_IN_THE_MENU = {"notebook", "python", "custom"}
NOTEBOOK = {
    "cells": [
        {
            "cell_type": "markdown",
            "id": "a",
            "metadata": {},
            "source": "# Umlaut: Ü\n\n$\\frac{1}{2}$\n\n![no picture](gone.png)",
        },
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {},
            "source": "%precision 3",
            "execution_count": 1,
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m" + "long" * 100},
                {
                    "output_type": "display_data",
                    "metadata": {},
                    "data": {"text/html": "<table><tr><td>12.5</td></tr></table>", "text/plain": "12.5"},
                },
                {"output_type": "display_data", "metadata": {}, "data": {"text/latex": "$\\displaystyle x^{2}$"}},
            ],
        },
    ],
    "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}
OWNERS = f"import os; print(*[f'{{s.st_uid}}:{{s.st_gid}}' for s in map(os.stat, ('/home/jovyan', '{MINE}'))])"


@pytest.fixture(scope="module")
def hub(make_deployment: Callable[..., Deployment]) -> Deployment:
    """A deployment where Notebook 7 is what opens; further images are built from its own."""
    hub = make_deployment(f"{PREFIX}notebooks", DEFAULT_URL="/tree")
    hub.write("userlist", "".join(f"{name}\n" for name in ("admin admin", *USERS)))
    hub.up()
    return hub


def build(hub: Deployment, name: str, base: str, *arguments: str) -> str:
    """Build an image called after the deployment, on top of another."""
    image = f"{hub.project}-{name}"
    on_top = ("--build-arg", f"NOTEBOOK_IMAGE={base}", "--secret", CA_BUNDLE)
    hub.run("docker", "build", "--quiet", "--tag", image, *on_top, *arguments)
    return image


def of_readme(number: int) -> list[str]:
    """The arguments, behind the tag, of one of the `docker build` lines in the example's README."""
    page = (REPOSITORY / EXAMPLE / "README.md").read_text()
    return re.findall(r"^\$ docker build --tag class-notebook (.*)$", page, re.MULTILINE)[number].split()


@pytest.fixture(scope="module")
def custom(hub: Deployment) -> str:
    """The image of the example's README, on top of the deployment's."""
    return build(hub, "custom", f"{hub.project}-user", *of_readme(0))


@pytest.fixture(scope="module")
def stacks(hub: Deployment) -> str:
    """The image of the example's README on top of one as the Jupyter project's are."""
    base = build(hub, "stacks", f"{hub.project}-user", str(REPOSITORY / "tests/images/stacks"))
    return build(hub, "derived", base, *of_readme(1))


def configure(hub: Deployment, image: str, **settings: str) -> None:
    """Start servers from an image, with these settings and else the defaults, as `docker compose up -d` does it."""
    hub.set_env(DOCKER_NOTEBOOK_IMAGE=image, **DEFAULTS | settings)
    hub.compose("up", "--detach", "--wait")


def execute(hub: Deployment, user: str, token: str, code: str, kernel: str = "") -> str:
    """What code gives in a new kernel of a user's server, which has to run."""
    with Kernel(hub.url, user, token, name=kernel) as running_kernel:
        return running_kernel.execute(code).text.strip()


def contents(hub: Deployment, user: str, token: str) -> set[str]:
    """The names of the files that a user sees first."""
    answer = requests.get(
        f"{hub.url}/user/{user}/api/contents",
        headers={"Authorization": f"token {token}"},
        verify=False,
        timeout=30,
    )
    return {entry["name"] for entry in answer.json()["content"]}


def ask(hub: Deployment, user: str, token: str, path: str, **options: Any) -> requests.Response:
    """The answer of a user's server, which has to run."""
    headers, method = {"Authorization": f"token {token}"}, options.pop("method", "GET")
    url = f"{hub.url}/user/{user}/{path}"
    return requests.request(method, url, headers=headers, verify=False, timeout=60, **options)


def exported(hub: Deployment, user: str, token: str) -> dict[str, bytes]:
    """A notebook in each format that the menu has, by name."""
    put = ask(hub, user, token, "api/contents/a.ipynb", method="PUT", json={"type": "notebook", "content": NOTEBOOK})
    put.raise_for_status()
    formats = {}
    for name in ask(hub, user, token, "api/nbconvert").json().keys() - NOT_IN_THE_MENU:
        answer = ask(hub, user, token, f"nbconvert/{name}/a.ipynb")
        assert answer.status_code == 200, f"{name}: {answer.text}"
        formats[name] = answer.content
    return formats


# --- Our image ---


def test_notebook_7_opens_and_runs_a_cell_and_asks_nothing(hub: Deployment, token: str, page: Page) -> None:
    sign_in(page, hub.url, "alice", hub.password("alice"))
    expect(page).to_have_url(re.compile("/user/alice/tree"), timeout=SPAWN_SECONDS * 1000)
    refused: list[str] = []
    page.context.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    new = page.get_by_text("New", exact=True)
    expect(new).to_be_visible(timeout=PAGE_SECONDS * 1000)
    assert_asks_nothing(page)
    new.click()
    with page.context.expect_page() as opened:
        page.get_by_role("menuitem", name="Python 3").click()
    page = opened.value
    page.wait_for_url(re.compile("/user/alice/notebooks/"))
    cell = page.locator(".jp-CodeCell.jp-mod-active")
    expect(cell).to_be_visible(timeout=PAGE_SECONDS * 1000)
    cell.locator(".cm-content").click()
    page.keyboard.insert_text("print(6 * 7)")
    wait_for_kernel(page)
    start_cell(page, cell)
    expect(cell.locator(PROMPT)).to_have_text("[1]:", timeout=CELL_SECONDS * 1000)
    expect(cell.locator(".jp-OutputArea-output")).to_have_text("42\n")
    assert_asks_nothing(page)
    page.get_by_role("menuitem", name="File").click()
    expect(page.get_by_role("menuitem", name="Hub Control Panel")).to_be_visible()
    visit(page, f"{hub.url}/user/alice/lab")
    expect(page.locator(".jp-Launcher")).to_be_visible(timeout=PAGE_SECONDS * 1000)
    assert refused == []
    stop(hub, "alice", token)


def assert_asks_nothing(page: Page) -> None:
    """No pop-up: a notice that asks whether it may fetch news comes as a toast."""
    expect(page.locator(".jp-Dialog, .Toastify__toast")).to_have_count(0)


@pytest.fixture(scope="module")
def lean(hub: Deployment, token: str) -> Iterator[str]:
    """The container of inara's server, from the default image."""
    configure(hub, f"{hub.project}-user")
    with running(hub, "inara", token) as container:
        yield container


def test_hub_and_server_have_the_same_jupyterhub(hub: Deployment, lean: str) -> None:
    assert hub.docker("exec", lean, "jupyterhub", "--version").stdout == hub.hub_exec("jupyterhub", "--version")


@pytest.mark.usefixtures("lean")
def test_what_a_user_installs_goes_before_the_images_and_needs_no_restart(hub: Deployment, token: str) -> None:
    with Kernel(hub.url, "inara", token) as kernel:
        kernel.execute(MAKE_WHEELS)
        assert "Successfully installed debugpy-0.1 ship-1" in kernel.execute(INSTALL).text
        assert kernel.execute("import ship; print(ship.where)").text == "installed by the user\n"
        assert "installed by the user" in kernel.execute('!python -c "import debugpy; print(debugpy.where)"').text
        # The server's packages are not the kernel's.
        assert "No module named" in kernel.execute("import jupyterlab").text
        assert "Successfully uninstalled ship-1" in kernel.execute(REMOVE).text


def test_a_user_can_make_a_kernel(hub: Deployment, lean: str, token: str) -> None:
    hub.docker("exec", lean, "bash", "-c", OWN_KERNEL)
    assert execute(hub, "inara", token, "import sys; print(sys.prefix)", kernel="own") == "/home/jovyan/own"


def test_a_terminal_has_the_programs_of_the_image(hub: Deployment, lean: str) -> None:
    which = ("exec", "--env", "PATH=/opt/mine:/usr/local/bin:/usr/bin:/bin:/opt/jupyter/bin", lean, "bash", "-lc")
    assert hub.docker(*which, "command -v python pip jupyter; echo $PATH").stdout.split() == [
        "/usr/bin/python",
        "/usr/local/bin/pip",
        "/opt/jupyter/bin/jupyter",
        "/opt/mine:/usr/local/bin:/usr/bin:/bin:/opt/jupyter/bin",
    ]


@pytest.mark.usefixtures("lean")
def test_each_format_of_the_menu_works(hub: Deployment, token: str) -> None:
    assert exported(hub, "inara", token).keys() == {"html", "markdown", "script", "slides"}


def test_extensions_find_the_folder_for_their_databases(hub: Deployment, lean: str) -> None:
    hub.docker("exec", lean, "test", "-w", "/home/jovyan/.local/share/jupyter")


# --- An image made from it ---


def test_an_image_of_ones_own_has_what_was_put_in(hub: Deployment, custom: str, token: str) -> None:
    configure(hub, custom, DEFAULT_URL="/lab/tree/welcome.ipynb")
    with running(hub, "bob", token) as container:
        assert execute(hub, "bob", token, "import numpy; print(numpy.arange(10).sum())") == "45"
        assert execute(hub, "bob", token, "echo $((6 * 7)); jq --version", kernel="bash").split()[0] == "42"
        assert "jq-" in hub.docker("exec", container, "jq", "--version").stdout
        # jupyter-lsp came with an extension, and has switched itself on.
        assert ask(hub, "bob", token, "lsp/status").status_code == 200
        page = ask(hub, "bob", token, "lab").text
        assert '"@jupyterlab/lsp-extension"' not in html.unescape(page)
        landing = requests.get(
            f"{hub.url}/user/bob/",
            headers={"Authorization": f"token {token}"},
            verify=False,
            allow_redirects=False,
            timeout=10,
        )
        assert landing.headers["Location"].split("?")[0] == "/user/bob/lab/tree/welcome.ipynb"


def test_everybody_finds_the_notebook_once(hub: Deployment, custom: str, token: str) -> None:
    configure(hub, custom)
    with running(hub, "kaylee", token):
        assert "welcome.ipynb" in contents(hub, "kaylee", token)
        execute(hub, "kaylee", token, WRITE_MINE)
    with running(hub, "kaylee", token):
        assert execute(hub, "kaylee", token, READ) == "mine"
        execute(hub, "kaylee", token, "import os; os.remove('/home/jovyan/welcome.ipynb')")
    with running(hub, "kaylee", token):
        assert "welcome.ipynb" not in contents(hub, "kaylee", token)


def test_who_had_such_a_file_before_keeps_it(hub: Deployment, custom: str, token: str) -> None:
    configure(hub, f"{hub.project}-user")
    with running(hub, "mal", token):
        execute(hub, "mal", token, WRITE_MINE)
    configure(hub, custom)
    with running(hub, "mal", token):
        assert execute(hub, "mal", token, READ) == "mine"


# --- The home ---


def test_a_home_outlives_its_server_and_its_caches_do_not(hub: Deployment, token: str) -> None:
    themes = f"{hub.url}/user/wash/lab/api/settings/@jupyterlab/apputils-extension:themes"
    asked = {"headers": {"Authorization": f"token {token}"}, "verify": False, "timeout": 30}
    install = "import site; open(f'{site.getusersitepackages()}/ship.py', 'w').write('x = 7')"
    configure(hub, f"{hub.project}-user")
    with running(hub, "wash", token), Terminal(hub.url, "wash", token) as terminal:
        assert terminal.run("pwd") == HOME
        assert terminal.run("python -c 'print(6 * 7)' && pip --version && jupyter --version").startswith("42\npip ")
        # Without it, extensions with a database, such as jupyter-collaboration, do not work.
        assert terminal.run("[ ! -d .local/share/jupyter ] || echo there") == "there"
        terminal.run("echo done >homework.py; git config --global user.name Wash")
        assert requests.put(themes, json={"raw": '{"theme": "JupyterLab Dark"}'}, **asked).ok
        execute(hub, "wash", token, install)
        # Where programs put what they have downloaded.
        terminal.run("mkdir -p $XDG_CACHE_HOME/ship; touch $XDG_CACHE_HOME/ship/downloaded")
        assert not terminal.run("pip cache dir").startswith(HOME)
    with running(hub, "wash", token), Terminal(hub.url, "wash", token) as terminal:
        assert "homework.py" in contents(hub, "wash", token)
        assert terminal.run("git config user.name") == "Wash"
        assert "Dark" in requests.get(themes, **asked).json()["raw"]
        assert execute(hub, "wash", token, "import ship; print(ship.x)") == "7"
        assert terminal.run("find / -name downloaded 2>/dev/null; [ ! -e .cache ] || echo a cache") == ""
    options = hub.docker("volume", "inspect", "--format", "{{.Options}}", f"{hub.project}-user-wash").stdout.strip()
    assert options == "map[size:0]", "docker volume prune --all would delete it"


def test_users_from_before_keep_their_folder_until_make_homes(hub: Deployment, token: str) -> None:
    """The hub's data and a volume are as an older version left them."""
    image, volume = f"{hub.project}-user", f"{hub.project}-user-simon"
    mount = ("run", "--rm", "--network=none", f"--volume={volume}:{HOME}/work")
    hub.docker(*mount, image, "sh", "-c", f"echo moons >{HOME}/work/data.csv")
    hub.hub_exec("rm", "/data/notebook-dir")
    hub.make("restart")
    with running(hub, "simon", token) as container, Terminal(hub.url, "simon", token) as terminal:
        assert places(hub, container) == [f"{HOME}/work"]
        assert terminal.run("pwd; cat data.csv") == f"{HOME}/work\nmoons"
        hub.make("homes")
        assert users(hub)["simon"]["note"] == "older settings"
        assert terminal.run("cat data.csv") == "moons"
    with running(hub, "simon", token) as container, Terminal(hub.url, "simon", token) as terminal:
        assert places(hub, container) == [HOME]
        assert {"data.csv", "work"} == contents(hub, "simon", token)
        assert terminal.run(f"pwd; cat data.csv {HOME}/work/data.csv; stat -c %U .bashrc work") == (
            f"{HOME}\nmoons\nmoons\njovyan\njovyan"
        )


def places(hub: Deployment, container: str) -> list[str]:
    """Where volumes are mounted in a container."""
    form = "{{range .Mounts}}{{println .Destination}}{{end}}"
    return hub.docker("inspect", "--format", form, container).stdout.split()


# --- The image for classes ---


def test_the_image_for_classes(hub: Deployment, token: str) -> None:
    image = f"{hub.project}-class"
    hub.make("notebook_image", env={"DOCKER_NOTEBOOK_IMAGE": image})
    configure(hub, image)
    with running(hub, "zoe", token) as container:
        imports = "import ipywidgets, matplotlib.pyplot, numpy, pandas, scipy, sklearn.svm, sympy"
        assert execute(hub, "zoe", token, f"{imports}; print(numpy.arange(10).sum())") == "45"
        for name, content in exported(hub, "zoe", token).items():
            assert content.startswith(b"%PDF") is (name == "pdf")
        limits = ask(hub, "zoe", token, "api/metrics/v1").json()["limits"]
        assert limits["memory"]["rss"] == 2 * 2**30
        assert ask(hub, "zoe", token, "git/settings?version=0").status_code == 200
        assert ask(hub, "zoe", token, "git-pull?repo=https://git.example.org/ship").status_code == 200
        assert ask(hub, "zoe", token, "directories/?archiveFormat=zip&archiveToken=x").content.startswith(b"PK")
        hub.docker("exec", container, "which", "ssh", "curl", "less", "nano", "unzip", "make")
    rights = ("run", "--rm", "--network=none", "--user=root", image, "find", "/", "-xdev", "-perm", "/6000")
    assert hub.docker(*rights).stdout == ""


# --- Images that switch the user ---


def test_an_image_of_the_jupyter_projects_kind_runs_as_its_own_user(hub: Deployment, stacks: str, token: str) -> None:
    configure(hub, stacks)
    with running(hub, "zoe", token) as container:
        entrypoint = hub.docker("inspect", "--format", "{{.Config.Entrypoint}} {{.Config.Cmd}}", container).stdout
        assert entrypoint.strip() == "[tini -g -- start.sh] [with-notebooks start-notebook.py]"
        execute(hub, "zoe", token, f"open('{MINE}', 'w')")
        assert execute(hub, "zoe", token, OWNERS) == "1000:100 1000:100"
        assert "welcome.ipynb" in contents(hub, "zoe", token)
        assert "no new privileges" in execute(hub, "zoe", token, SUDO)


def test_it_takes_the_numbers_of_user_and_group(hub: Deployment, stacks: str, token: str) -> None:
    configure(hub, stacks, NB_UID="4321", NB_GID="5432")
    with running(hub, "zoe", token) as container:
        with Kernel(hub.url, "zoe", token) as kernel:
            assert kernel.execute("import os; os.getuid(), os.getgid()").text == "(4321, 5432)"
            kernel.execute(f"os.remove('{MINE}'); open('{MINE}', 'w')")
            assert kernel.execute(OWNERS).text.strip() == "4321:5432 4321:5432"
            # Nothing of root's is left over for them.
            assert "no new privileges" in kernel.execute(SUDO).text
            assert "CapEff:\t0000000000000000" in kernel.execute("print(open('/proc/self/status').read())").text
        # The Engine's signal has to get past root's sudo, to a process of that user.
        hub.docker("stop", container)
        log = hub.docker("logs", container)
        assert "received signal 15, stopping" in log.stdout + log.stderr
    volume = f"--volume={hub.project}-user-zoe:/volume"
    stat = ("--user=root", f"{hub.project}-hub:6.1.1", "stat", "--format=%u:%g", "/volume/mine.txt")
    assert hub.docker("run", "--rm", "--network=none", volume, *stat).stdout == "4321:5432\n"


def test_sudo_where_it_is_granted(hub: Deployment, stacks: str, token: str) -> None:
    configure(hub, stacks, GRANT_SUDO="true")
    with running(hub, "zoe", token) as container:
        assert execute(hub, "zoe", token, "import os; print(os.getuid())") == "1000"
        assert "stdout='0\\n'" in execute(hub, "zoe", token, SUDO)
        # Root enough to install a package, and not to listen in on the others.
        caps = hub.docker("inspect", "--format", "{{.HostConfig.CapDrop}} {{.HostConfig.CapAdd}}", container)
        assert caps.stdout.startswith("[ALL] [")
        assert "NET_RAW" not in caps.stdout
        install = "sudo sh -c 'chown bin /mnt && install -o games -m 4755 /bin/true /usr/bin/t && ls -l /usr/bin/t'"
        assert "-rwsr-xr-x 1 games" in execute(hub, "zoe", token, f"!{install}")


def test_an_image_that_would_stay_root_is_refused(hub: Deployment, custom: str, stacks: str) -> None:
    refused = hub.make("notebook_image", env={"DOCKER_NOTEBOOK_IMAGE": custom, "NB_UID": "4321"}, check=False)
    assert refused.returncode != 0
    assert f"FAIL: the notebook image {custom} starts as root because of NB_UID" in refused.stderr
    hub.make("notebook_image", env={"DOCKER_NOTEBOOK_IMAGE": stacks, "NB_UID": "4321"})


def test_our_own_image_is_refused_for_it(hub: Deployment) -> None:
    image = f"{hub.project}-user"
    refused = hub.make("build", env={"DOCKER_NOTEBOOK_IMAGE": image, "GRANT_SUDO": "true"}, check=False)
    assert refused.returncode != 0
    assert re.search(rf"DOCKER_NOTEBOOK_IMAGE \(.*'{image}', .*cannot switch its user", refused.stderr), refused.stderr


# --- What is built on demand ---


def test_a_compiler_and_languages_on_demand(hub: Deployment) -> None:
    image = f"{hub.project}-user"
    compiler = ("run", "--rm", "--interactive", "--network=none", image, "sh", "-c")
    assert hub.docker(*compiler, "command -v cc", check=False).returncode != 0
    hub.make("notebook_image", env=DEFAULTS | {"DOCKER_NOTEBOOK_IMAGE": image} | ON_DEMAND)
    program = "#include <Python.h>\nint main(void) { return PY_MAJOR_VERSION; }\n"
    built = "cc -x c - -I$(python -c 'import sysconfig; print(sysconfig.get_path(\"include\"))') -o /tmp/a; /tmp/a"
    assert hub.docker(*compiler, built, check=False, stdin=program).returncode == 3
    languages = ("run", "--rm", "--network=none", image, "/opt/jupyter/bin/python", "-c", LANGUAGES)
    assert hub.docker(*languages).stdout == "['de_DE', 'fr_FR']\n"
