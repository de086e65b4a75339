"""Who may import whom, and that the core knows no choice and no way to sign in by its name."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from hub.overlays import Overlay, overlays
from hub.sign_in.table import AUTHENTICATORS

ROOT = Path(__file__).parents[2]
# From the bottom to the top: a module imports modules of its own layer and of those below. A name stands for all
# modules below it, unless a longer one does.
LAYERS = (
    ("hub", "hub.errors", "hub.names", "hub.paths"),
    ("hub.users",),
    ("hub.settings",),
    (
        "hub.sign_in.settings",
        "hub.sign_in.oauth_settings",
        "hub.sign_in.ldap_settings",
        "hub.sign_in.shared_password_settings",
        "hub.sign_in.native.settings",
        "hub.sign_in.native.passwords",
        "hub.sign_in.table",
        "hub.profiles.profiles",
        "hub.overlays",
    ),
    ("hub.homes",),
    ("hub.configuration",),
    ("hub.announcement", "hub.health", "hub.running", "hub.services"),
    ("hub.servers", "hub.sign_in"),
    ("hub.profiles",),
    ("hub.__main__", "hub.admin"),
    ("host",),
    ("examples",),
)
LAYER_OF = {name: number for number, names in enumerate(LAYERS) for name in names}
# The core: what may not know what lies in examples/.
CORE = ("hub", "host", "scripts", "Makefile", "docker-compose.yml", "Dockerfile.jupyterhub", "jupyterhub_config.py")
GENERATED = {"settings.env", "settings.yml"}


def name_of(path: Path) -> str:
    """The name of a module: of a package, that of its folder."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {
    name_of(path): path for folder in ("hub", "host", "examples/*") for path in sorted(ROOT.glob(f"{folder}/**/*.py"))
}


class Imports(ast.NodeVisitor):
    """The modules of ours that a module imports, at its start or later; what only types need does not count."""

    def __init__(self, package: list[str]) -> None:
        self.package, self.names = package, set[str]()

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) != "TYPE_CHECKING":
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.names |= {alias.name for alias in node.names} & MODULES.keys()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        above = self.package[: len(self.package) - node.level + 1] if node.level else []
        module = ".".join([*above, *([node.module] if node.module else [])])
        for alias in node.names:
            name = f"{module}.{alias.name}"
            self.names |= {name if name in MODULES else module} & MODULES.keys()


@cache
def graph() -> dict[str, set[str]]:
    """Every module of ours, with those that it imports."""
    found = {}
    for name, path in MODULES.items():
        visitor = Imports(list(path.relative_to(ROOT).parent.parts))
        visitor.visit(ast.parse(path.read_text()))
        found[name] = visitor.names
    return found


def layer(module: str) -> int:
    """The number of its layer."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next(LAYER_OF[name] for name in names if name in LAYER_OF)


def texts(*places: str) -> Iterator[tuple[str, str]]:
    """Every file of these places that a person wrote, with its text."""
    for place in places:
        paths = [ROOT / place] if (ROOT / place).is_file() else sorted((ROOT / place).rglob("*"))
        for path in paths:
            if path.is_file() and path.suffix != ".pyc" and path.name not in GENERATED:
                yield str(path.relative_to(ROOT)), path.read_text()


def test_the_graph_has_what_is_imported() -> None:
    assert graph()["hub.configuration"] > {"hub.errors", "hub.overlays", "hub.users.userlist"}
    assert "hub.sign_in.oauth" in graph()["hub.sign_in.config"], "imported inside a function"
    assert "examples.kernel-gateway.settings" in graph()["examples.kernel-gateway.overlay"], "imported by a dot"
    assert "host.engine" not in graph()["hub.overlays"], "for types alone"


def test_no_module_imports_itself_by_way_of_others() -> None:
    TopologicalSorter(graph()).prepare()  # raises an error that has the circle


def test_every_layer_has_a_module() -> None:
    assert {layer(module) for module in MODULES} == set(range(len(LAYERS)))
    assert [name for name in LAYER_OF if not any(f"{module}.".startswith(f"{name}.") for module in MODULES)] == []


def test_no_module_imports_from_a_layer_above() -> None:
    """So hub/ imports nothing of host/, and neither imports a choice."""
    edges = [(module, other) for module, others in graph().items() for other in others]
    assert [edge for edge in edges if layer(edge[0]) < layer(edge[1])] == []


def test_a_choice_imports_no_other_choice() -> None:
    edges = [(module, other) for module, others in graph().items() for other in others if layer(other) == layer(module)]
    of_choices = [(ours.split(".")[:2], other.split(".")[:2]) for ours, other in edges if ours.startswith("examples.")]
    assert of_choices
    assert [edge for edge in of_choices if edge[0] != edge[1]] == []


@pytest.mark.parametrize("folder", [overlay.folder() for overlay in overlays()])
def test_the_core_names_no_choice(folder: str) -> None:
    name = re.compile(folder.replace("-", "[-_ ]?"), re.IGNORECASE)
    assert [path for path, text in texts(*CORE) if name.search(text)] == []


@pytest.mark.parametrize("overlay", overlays(), ids=lambda overlay: overlay.folder())
def test_the_core_names_no_setting_of_a_choice(overlay: type[Overlay]) -> None:
    names = re.compile("|".join(rf"\b{name.upper()}\b" for name in overlay.settings.model_fields))
    assert [path for path, text in texts(*CORE) if names.search(text)] == []


def test_only_sign_in_knows_the_ways_to_sign_in() -> None:
    """Others ask the settings, such as `has_accounts`; the default of JUPYTERHUB_AUTHENTICATOR stands at its field."""
    names = re.compile(rf"""["']({"|".join(AUTHENTICATORS)})["']|NativeSettings|isinstance\(.*\bsign_in\b""")
    others = {path: text for path, text in texts(*CORE) if not path.startswith("hub/sign_in/")}
    assert [path for path, text in others.items() if names.search(text)] == ["hub/settings/hub.py"]
