"""profiles.yaml: every problem has its line and its message; who may choose what; what the form says."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.errors import FileError
from hub.profiles import form, profiles
from hub.profiles.choice import Asked, ChoiceError, Choices, NothingAskedError
from hub.profiles.profiles import Profile
from hub.settings.hub import HubSettings
from hub.settings.model import setting_of

ROOT = Path(__file__).parents[2]
SETTINGS = HubSettings.model_validate(
    {"configproxy_auth_token": "c" * 64, "jupyterhub_health_token": "f" * 64, "gpus": "all"}
)
IMAGE_EXPECTED = setting_of(Profile, "image").expected


def problems(text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        profiles.parse(text.encode())
    return caught.value.lines


def test_every_field() -> None:
    text = """
- name: Flight data
  description: For <pilots>.
  image: quay.io/jupyter/scipy-notebook:2026-11-02
  memory: 4G
  cpu: 2
  gpus: device=0,2
  environment: {OMP_NUM_THREADS: "2"}
  groups: [pilots]
  default: true
- name: "2"
"""
    flight, bare = profiles.parse(text.encode())
    assert flight == Profile(
        name="Flight data",
        description="For <pilots>.",
        image="quay.io/jupyter/scipy-notebook:2026-11-02",
        memory=4 * 1024**3,
        cpu=2,
        gpus="device=0,2",
        environment={"OMP_NUM_THREADS": "2"},
        groups=["pilots"],
        default=True,
    )
    assert bare == Profile(name="2")


NAME = "a few words, at most 60 characters, in quotes where they are a number, yes or no."
SIZE = "a size such as 512M or 2G, or 0 for no limit."
CORES = "a number such as 1 or 0.5, or 0 for no limit."
GPUS = "all, a number such as 1, device=0,2 with the numbers or UUIDs of nvidia-smi -L, or 0 for none."
GROUPS = "a list of groups such as [pilots, engineers]; leave it out for everybody."
VARIABLES = 'names, each with a value in quotes, such as OMP_NUM_THREADS: "2".'
FIELDS = "name, description, image, memory, cpu, gpus, environment, groups, default."


@pytest.mark.parametrize(
    ("entry", "line", "message"),
    [
        ("description: no name", 1, f"name is missing; expected {NAME}"),
        ("name: 5", 1, f"name is 5; expected {NAME}"),
        ("name: yes", 1, f"name is True; expected {NAME}"),
        ("name:", 1, f"name is None; expected {NAME}"),
        ("name: ''", 1, f"name is ''; expected {NAME}"),
        ("name: ' a'", 1, f"name is ' a' (no blanks around it, no line breaks); expected {NAME}"),
        ('name: "a\\nb"', 1, f"name is 'a\\nb' (no blanks around it, no line breaks); expected {NAME}"),
        (f"name: {'a' * 61}", 1, f"name is {'a' * 61!r}; expected {NAME}"),
        ("name: a\n  memroy: 2G", 2, f"'memroy' is not known here; expected one of {FIELDS}"),
        ("name: a\n  description: [b]", 2, "description is ['b']; expected a sentence or two, at most 300 characters."),
        ("name: a\n  image: My Image", 2, f"image is 'My Image'; expected {IMAGE_EXPECTED}."),
        ("name: a\n  image: --privileged", 2, f"image is '--privileged'; expected {IMAGE_EXPECTED}."),
        ("name: a\n  memory: 2", 2, f"memory is 2; expected {SIZE}"),
        ("name: a\n  memory: lots", 2, f"memory is 'lots'; expected {SIZE}"),
        ("name: a\n  memory: true", 2, f"memory is True; expected {SIZE}"),
        ("name: a\n  cpu: -1", 2, f"cpu is -1; expected {CORES}"),
        ("name: a\n  cpu: .inf", 2, f"cpu is inf; expected {CORES}"),
        ("name: a\n  cpu: yes", 2, f"cpu is True; expected {CORES}"),
        ("name: a\n  cpu: half", 2, f"cpu is 'half'; expected {CORES}"),
        ("name: a\n  gpus: 0,2", 2, f"gpus is '0,2'; expected {GPUS}"),
        ("name: a\n  gpus: [0, 2]", 2, f"gpus is [0, 2]; expected {GPUS}"),
        ("name: a\n  gpus: -1", 2, f"gpus is -1; expected {GPUS}"),
        ("name: a\n  gpus: true", 2, f"gpus is True; expected {GPUS}"),
        ("name: a\n  gpus: device=", 2, f"gpus is 'device='; expected {GPUS}"),
        ("name: a\n  groups: pilots", 2, f"groups is 'pilots'; expected {GROUPS}"),
        ("name: a\n  groups: []", 2, f"groups is []; expected {GROUPS}"),
        ("name: a\n  groups:\n  - pilots\n  - 7", 4, f"groups is 7; expected {GROUPS}"),
        ("name: a\n  groups:\n  - ''", 3, f"groups is ''; expected {GROUPS}"),
        ("name: a\n  default: maybe", 2, "default is 'maybe'; expected true or false."),
        ("name: a\n  environment: [A=b]", 2, f"environment is ['A=b']; expected {VARIABLES}"),
        ("name: a\n  environment:\n    A: 'b'\n    B: 2", 4, f"environment is 2; expected {VARIABLES}"),
        ("name: a\n  environment:\n    A: no", 3, f"environment is False; expected {VARIABLES}"),
        ("name: a\n  environment:\n    A:", 3, f"environment is None; expected {VARIABLES}"),
        ('name: a\n  environment:\n    A: "\\0"', 3, f"environment is '\\x00' (no zero bytes); expected {VARIABLES}"),
        (
            "name: a\n  environment:\n    A-B: c",
            3,
            f"environment is 'A-B' (letters, digits and underscores, no digit in front); expected {VARIABLES}",
        ),
    ],
)
def test_a_problem(entry: str, line: int, message: str) -> None:
    """Hold it to its line and to what it is about; the whole texts are in docs/messages.md."""
    (found,) = problems(f"- {entry}\n")
    assert found.startswith(f"profiles.yaml:{line}: {message.split(maxsplit=1)[0]} ")


@pytest.mark.parametrize(
    "name",
    [
        "JUPYTERHUB_API_TOKEN",
        "JUPYTERHUB_USER",
        "JPY_API_TOKEN",
        "JUPYTER_GATEWAY_URL",
        "KERNEL_LAUNCH_TIMEOUT",
        "MEM_LIMIT",
        "NVIDIA_VISIBLE_DEVICES",
        "PATH",
        "HOME",
        "LD_PRELOAD",
        "PYTHONPATH",
        "JUPYTER_CONFIG_PATH",
    ],
)
def test_a_variable_that_a_profile_cannot_set(name: str) -> None:
    (found,) = problems(f"- name: a\n  environment:\n    OTHER: b\n    {name}: c\n")
    assert found.startswith("profiles.yaml:4: environment ")
    assert name in found


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "PYTHONUNBUFFERED", "JUPYTERLAB_SETTINGS", "_A1", "LANG"])
def test_a_variable_that_is(name: str) -> None:
    [profile] = profiles.parse(f"- name: a\n  environment:\n    {name}: 'b'\n".encode())
    assert profile.environment == {name: "b"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- name: a\n- name: b\n- name: a\n", {3: "'a'"}),
        ("- name: Flight  data\n- name: flight DATA\n", {2: "'flight DATA'"}),
        (
            "- name: a\n  default: true\n- name: b\n- name: c\n  default: true\n- name: d\n  default: true\n",
            {4: "'c'", 6: "'d'"},
        ),
        ("name: a\n", {1: "expected"}),
    ],
)
def test_profiles_that_do_not_go_together(text: str, found: dict[int, str]) -> None:
    lines = problems(text)
    assert [int(line.split(":")[1]) for line in lines] == list(found)
    assert all(named in line for named, line in zip(found.values(), lines, strict=True))


def test_all_problems_are_told_at_once() -> None:
    text = "- memory: 2\n  gpus: x\n- name: b\n  environment: {PATH: c, A: 1}\n"
    assert [problem.split(":")[1] for problem in problems(text)] == ["1", "1", "2", "4", "4"]


def test_a_file_that_is_not_utf_8() -> None:
    with pytest.raises(FileError, match=r"\nprofiles\.yaml:2: .*UTF-8") as caught:
        profiles.parse("- name: a\n  description: é\n".encode("latin-1"))
    assert caught.value.filename == "profiles.yaml"


def test_no_file_is_no_profile(tmp_path: Path) -> None:
    assert profiles.load(tmp_path / "profiles.yaml") == []
    (tmp_path / "profiles.yaml").write_bytes("\ufeff# none yet\r\n".encode())
    assert profiles.load(tmp_path / "profiles.yaml") == []


@pytest.mark.parametrize(
    ("default", "asked"),
    [
        ("", ["2", "device=0,2"]),
        ("0", ["2", "device=0,2"]),
        ("2", ["2", "device=0,2"]),
        ("all", ["all", "2", "device=0,2"]),
    ],
)
def test_what_is_asked_of_the_gpus(default: str, asked: list[str]) -> None:
    text = "- {name: a, gpus: 2}\n- {name: b, gpus: 'device=0,2'}\n- {name: c, gpus: 0}\n- {name: d}\n"
    assert profiles.gpus(profiles.parse(text.encode()), default) == asked


def test_images_are_named_once() -> None:
    text = "- {name: a, image: x}\n- {name: b}\n- {name: c, image: y}\n- {name: d, image: x}\n"
    assert profiles.images(profiles.parse(text.encode())) == ["x", "y"]


# --- Warnings ---


def warnings(text: str, *groups: str) -> list[str]:
    return profiles.warnings(profiles.parse(text.encode()), set(groups))


def test_nothing_to_warn_of() -> None:
    assert warnings("- {name: a, groups: [pilots]}\n- name: b\n", "pilots") == []
    assert warnings("") == []


def test_a_group_that_the_userlist_does_not_have() -> None:
    other_case, missing = warnings(
        "- {name: a, groups: [Pilots, staff]}\n- {name: b, groups: [staff]}\n- name: c\n", "pilots"
    )
    assert other_case.startswith("profiles.yaml: 'a' is for the group 'Pilots'")
    assert "(it has 'pilots')" in other_case
    assert missing.startswith("profiles.yaml: 'a' is for the group 'staff'")
    assert "it has" not in missing


def test_nothing_for_everybody() -> None:
    (warning,) = warnings("- {name: a, groups: [x, z]}\n- {name: b, groups: [y]}\n", "x", "y", "z")
    assert warning.startswith("profiles.yaml: ")
    assert "x, y, z" in warning


# --- Choosing ---

CHOICES = Choices(
    profiles.parse(
        b"- name: Standard\n- {name: Large, memory: 4G}\n- {name: Flight, groups: [pilots], default: true, cpu: 0}\n"
    ),
    SETTINGS,
)


def spawner(*groups: str, kept: object = None, asked: object = None, name: str = "wash") -> Any:
    """As much of a spawner as a choice has to do with; the real one is in tests/deployment/test_profiles.py."""
    handler = SimpleNamespace(get_server_json_body=lambda: {"user_options": asked})
    return SimpleNamespace(
        handler=handler,
        user=SimpleNamespace(name=name, groups=[SimpleNamespace(name=group) for group in groups]),
        orm_spawner=SimpleNamespace(user_options=kept),
    )


def checked(form: str) -> list[str]:
    return re.findall(r'value="([^"]*)"[^>]* checked autofocus>', form)


@pytest.mark.parametrize(
    ("groups", "kept", "offered", "chosen"),
    [
        ((), None, ["Standard", "Large"], "Standard"),
        (("pilots",), None, ["Standard", "Large", "Flight"], "Flight"),
        (("pilots",), {"profile": "Large"}, ["Standard", "Large", "Flight"], "Large"),
        ((), {"profile": "Flight"}, ["Standard", "Large"], "Standard"),
        ((), {"profile": ["Large"]}, ["Standard", "Large"], "Standard"),
        ((), {"image": "x"}, ["Standard", "Large"], "Standard"),
    ],
)
def test_who_is_offered_what(groups: tuple[str, ...], kept: object, offered: list[str], chosen: str) -> None:
    form = CHOICES.form(spawner(*groups, kept=kept))
    assert re.findall(r'value="([^"]*)"', form) == offered
    assert checked(form) == [chosen]


def test_a_choice_that_is_gone_is_said() -> None:
    gone = "Your last choice, <strong>&lt;b&gt;</strong>, is not offered any more."
    assert gone in CHOICES.form(spawner(kept={"profile": "<b>"}))
    assert "Your last choice" not in CHOICES.form(spawner(kept={"profile": "Large"}))
    assert "Your last choice" not in CHOICES.form(spawner())


@pytest.mark.parametrize("text", ["", "- name: One\n", "- name: One\n- {name: Two, groups: [x]}\n"])
def test_where_there_is_nothing_to_choose_there_is_no_form(text: str) -> None:
    assert Choices(profiles.parse(text.encode()), SETTINGS).form(spawner()) == ""


def test_what_a_form_asks_for() -> None:
    asked = CHOICES.from_form({"profile": ["Large"], "_xsrf": ["token"]})
    assert asked == {"profile": "Large"}
    assert isinstance(asked, Asked)
    assert CHOICES.from_form({}) == {}


@pytest.mark.parametrize(
    "data", [{"profile": ["a", "b"]}, {"profile": ["a"], "image": ["x"]}, {"image": ["x"]}, {"profile_file": [{}]}]
)
def test_what_a_form_may_not_ask_for(data: dict[str, list[Any]]) -> None:
    with pytest.raises(ChoiceError):
        CHOICES.from_form(data)


def test_a_token_alone_asks_for_nothing() -> None:
    with pytest.raises(NothingAskedError, match=r"^$"):
        CHOICES.from_form({"_xsrf": ["token"]})


# --- The form ---


def test_the_form_is_text_whatever_is_in_a_profile() -> None:
    bad = '"><script>alert(1)</script>'
    rows = [Profile(name=bad, description=bad).completed(SETTINGS), Profile(name="b").completed(SETTINGS)]
    shown = form.render(rows, rows[0], bad)
    assert "<script" not in shown
    assert shown.count("&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;") == 4
    assert checked(shown) == ["&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "2 GB memory, 1 core, all GPUs"),
        ({"memory": "512M", "cpu": 0.5, "gpus": "0"}, "512 MB memory, 0.5 cores"),
        ({"memory": "1.5G", "cpu": 2, "gpus": "1"}, "1.5 GB memory, 2 cores, 1 GPU"),
        ({"memory": "0", "cpu": 0, "gpus": "device=0,GPU-8089"}, "no memory limit, all cores, 2 GPUs"),
        ({"memory": "6291456", "gpus": "3"}, "6 MB memory, 1 core, 3 GPUs"),
    ],
)
def test_limits_in_words(given: dict[str, Any], words: str) -> None:
    profile = Profile.model_validate({"name": "a", **given}).completed(SETTINGS)
    assert form.limits(profile) == words


# --- The pages ---


def test_what_the_page_shows_is_read() -> None:
    shown = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "docs/profiles.md").read_text(), re.MULTILINE | re.DOTALL)
    assert len(shown) == 1
    assert [profile.name for profile in profiles.parse(shown[0].encode())] == ["Standard", "Large", "Flight simulator"]


def test_the_example_is_read_and_leaves_nobody_out() -> None:
    example = profiles.load(ROOT / "examples/profiles/profiles.yaml")
    assert len(example) >= 3
    assert {"memory", "cpu", "gpus", "environment", "groups", "image", "description"} <= {
        name for profile in example for name in profile.model_fields_set
    }
    assert profiles.warnings(example, {"pilots", "engineers"}) == []
