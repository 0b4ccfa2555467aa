"""The pages of the architectures: diagram, table, differences from the paper, figures and code."""

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import course
import drawn
import reference
from sphinx.application import Sphinx
from words import word

import kerascnn as kc


def title(file: str) -> str:
    """Return the name of the network or networks of a file of `models/`."""
    said = str(importlib.import_module(f"kerascnn.models.{file}").__doc__)
    name = re.split(r" \(|, |: ", said.removeprefix("The "))[0]
    return name[0].upper() + name[1:]


def numbers(file: str, lang: str) -> list[str]:
    """Return the table of a file's networks: parameters and MACs, as in the papers."""
    headings = ("Builder", "Input", "Parameters", "MACs", "Weights")
    lines = [".. list-table::", "   :header-rows: 1", ""]
    lines += cells([word(one, lang) for one in headings])
    for name in drawn.builders(file):
        one = kc.models.architectures()[name]
        for case in one.cases:
            call = "".join(f' ``{key}="{value}"``' for key, value in case.options.items())
            sets = kc.weights.available(name)
            lines += cells(
                [
                    f":py:obj:`build_{name} <kerascnn.models.build_{name}>`{call and ','}{call}",
                    "×".join(map(str, case.input_shape)),
                    f"{case.parameters:,}",
                    f"{case.macs:,}",
                    ", ".join(s.name for s in sets if s.variant in (None, case.variant)),
                ]
            )
    return [*lines, ""]


def cells(row: list[str]) -> list[str]:
    """Return a row of a `list-table`."""
    return [f"   {'* -' if nth == 0 else '  -'} {cell}".rstrip() for nth, cell in enumerate(row)]


def differences(file: str) -> list[str]:
    """Return what the docstrings say about differences from the paper."""
    found: dict[str, None] = {}
    for name in drawn.builders(file):
        said = inspect.getdoc(kc.models.architectures()[name].builder) or ""
        for paragraph in said.split("\n\n"):
            if paragraph.startswith("DEVIATION"):
                found[re.sub(r"^DEVIATION[^:]*: ", "", paragraph.replace("\n", " "))] = None
    return [line[0].upper() + line[1:] for line in found]


def page(file: str, lang: str) -> str:
    """Return the page of a file of `models/` in reStructuredText."""
    module = importlib.import_module(f"kerascnn.models.{file}")
    lines = [f".. _architecture-{file}:", "", *reference.heading(title(file))]
    lines += [inspect.cleandoc(str(module.__doc__)), "", *numbers(file, lang)]
    for name in drawn.shown(file):
        place = f"/generated/drawn/networks/{lang}/{name}"
        alt = word("Diagram of {name}, layer by layer; the table below has its numbers.", lang)
        lines += reference.heading(name, "-") if len(drawn.shown(file)) > 1 else []
        lines += [f".. image:: {place}.svg", f"   :alt: {alt.format(name=name)}", ""]
        lines += [f".. dropdown:: {word('Layers', lang)}", "", "   .. raw:: html", ""]
        table = (drawn.FOLDER / "networks" / lang / f"{name}.html").read_text("utf-8")
        lines += [*course.indented(f'<div class="layers" tabindex="0">{table}</div>', 6), ""]
    said = differences(file)
    if said:
        lines += reference.heading(word("Differences from the paper", lang), "-")
        lines += [line for one in said for line in (f"- {one}", "")]
    used = [
        figure
        for name in drawn.builders(file)
        for figure in course.figures_with(f"kerascnn.models.build_{name}")
    ]
    if used:
        lines += reference.heading(word("Figures", lang), "-")
        lines += [f"- :ref:`{course.label(figure)}`" for figure in dict.fromkeys(used)]
        lines.append("")
    lines += reference.heading(word("Code", lang), "-")
    lines += [f".. literalinclude:: /../kerascnn/models/{file}.py", "   :language: python", ""]
    return "\n".join(lines)


class ArchitecturePage(course.Page):
    """The page of an architecture: `.. architecture-page:: lenet`."""

    def text(self, lang: str) -> str:
        """Return the page."""
        self.env.note_dependency(str(drawn.FOLDER / "state.txt"))
        return page(self.arguments[0], lang)


class WeightSets(course.Page):
    """All sets of weights: `.. weight-sets::`."""

    def text(self, lang: str) -> str:
        """Return the table."""
        headings = ("Network", "Weights", "Source", "MiB", "Score", "License")
        lines = [".. list-table::", "   :header-rows: 1", ""]
        lines += cells([word(one, lang) for one in headings])
        for one in kc.weights.available():
            variant = f" ({one.variant})" if one.variant else ""
            file = kc.models.architectures()[one.architecture].builder.__module__.split(".")[-1]
            measure = word(one.measure, lang) if one.measure == "accuracy" else one.measure
            row = [f":ref:`{one.architecture}{variant} <architecture-{file}>`", f"``{one.name}``"]
            data, part, _end = one.tested_on.partition(" test")
            data = word("{name} test", lang).format(name=data) if part else data
            row += [one.source, f"{one.size:.1f}", f"{measure} {one.score:.1%}, {data}"]
            lines += cells([*row, one.licence])
        return "\n".join([*lines, ""])


def write(folder: Path) -> None:
    """Write the pages, which hold only a directive."""
    texts = {f"{file}.rst": f".. architecture-page:: {file}\n" for file in drawn.files()}
    reference.keep(folder, texts)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the directives."""
    app.add_directive("architecture-page", ArchitecturePage)
    app.add_directive("weight-sets", WeightSets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
