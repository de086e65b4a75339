"""The PDF of a notebook, by Pandoc and Typst: they need 0.5 GB less than the TeX of nbconvert's own exporter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
import typst  # pyright: ignore[reportMissingImports] -- in this image alone
from nbconvert.exporters import Exporter
from nbconvert.filters import strip_ansi
from traitlets import default

# The formats of an output, best first. HTML is only good for its tables: other HTML needs a browser.
FORMATS = ("image/svg+xml", "image/png", "image/jpeg", "text/latex", "text/html", "text/markdown", "text/plain")
# How Pandoc and Typst do it.
SHARE = Path(sys.prefix, "share", "typst_pdf")


class TypstPDFExporter(Exporter):
    """PDF on A4."""

    export_from_notebook = "PDF"
    output_mimetype = "application/pdf"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".pdf"

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> tuple[bytes, dict[str, Any]]:
        """Convert a notebook.

        Args:
            nb: the notebook.
            resources: what nbconvert knows of it: its name, and the folder where its pictures are.
            kw: passed on.

        Returns:
            The PDF, and the resources.

        Raises:
            CalledProcessError: Pandoc cannot read the notebook.
            TypstError: Typst cannot set what Pandoc has made of it.
        """
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        about = resources.get("metadata", {})
        with TemporaryDirectory() as folder:
            source = Path(folder, "notebook.typ")
            source.write_text(to_typst(nb, Path(folder), about.get("name", ""), about.get("path") or "."))
            return typst.compile(str(source)), resources


def to_typst(nb: Any, folder: Path, title: str, pictures: str) -> str:
    """Convert a notebook to Typst's language.

    Args:
        nb: the notebook; it is changed.
        folder: where its pictures are written.
        title: the heading.
        pictures: the folder to which the notebook's links are relative.

    Raises:
        CalledProcessError: Pandoc cannot read it.
    """
    for cell in nb.cells:
        for output in cell.get("outputs", ()):
            simplify(output)
    command = ["pandoc", "--from=ipynb+raw_tex", "--to=typst", "--standalone", "--variable=papersize:a4"]
    command += ["--ipynb-output=all", "--extract-media=.", f"--lua-filter={SHARE}/filter.lua"]
    command += [f"--include-in-header={SHARE}/style.typ"]
    # Pandoc 3.1 names no font, which Typst 0.15 refuses. This one is Typst's own.
    command += ["--variable=mainfont:Libertinus Serif"]
    command += [f"--metadata=title:{title}", f"--resource-path={Path(pictures).absolute()}"]
    done = subprocess.run(command, cwd=folder, input=nbformat.writes(nb), capture_output=True, text=True, check=True)
    return done.stdout


def simplify(output: Any) -> None:
    """Leave one format of an output, and no colours of the terminal."""
    if "text" in output:
        output.text = strip_ansi(output.text)
    if "traceback" in output:
        output.traceback = [strip_ansi(line) for line in output.traceback]
    if "data" in output:
        if "<table" not in output.data.get("text/html", ""):
            output.data.pop("text/html", None)
        best = [kind for kind in FORMATS if kind in output.data][:1]
        output.data = {kind: output.data[kind] for kind in best}
