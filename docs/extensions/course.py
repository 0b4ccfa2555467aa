"""The gallery and the course map, in the language of the site, with links in both directions."""

import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import drawn
import reference
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective
from words import word

from kerascnn import figures, models
from kerascnn._text import language
from kerascnn._text import text as translated

GUIDES = {  # the page on a module
    "datasets": "training", "decks": "decks", "exercises": "exercises", "explorer": "explorer",
    "plots": "plots", "training": "training", "visualize": "methods", "weights": "weights",
}  # fmt: skip
USED = re.compile(r"\b((?:plots|visualize|arithmetic|metrics|datasets|experiments)\.\w+|build_\w+)")


@cache
def names_in(figure: str) -> tuple[str, ...]:
    """Return the public names, by page, that the code of a figure uses."""
    one = figures.lecture_figure(figure)
    code = one.code + (inspect.getsource(one.data) if one.data else "")
    found = USED.findall(code)
    known = set(models.names())
    found += [f"build_{name}" for name in re.findall(r"\"(\w+)\"", code) if name in known]
    full = [f"kerascnn.{name}" for name in found]
    full = [reference.aliases().get(name, name) for name in full]
    return tuple(sorted({name for name in full if name in reference.pages()}))


@cache
def figures_with(name: str) -> tuple[str, ...]:
    """Return the figures whose code uses a public name."""
    return tuple(one for one in figures.names() if name in names_in(one))


def label(figure: str) -> str:
    """Return the label of a figure in the gallery."""
    return f"figure-{figure}"


def indented(text: str, by: int = 3) -> list[str]:
    """Return the lines of a text, indented."""
    return [f"{' ' * by}{line}".rstrip() for line in text.splitlines()]


def entry(figure: str, lang: str) -> list[str]:
    """Return a figure in the gallery: title, image, alt text, downloads, commands and code."""
    one = figures.lecture_figure(figure)
    with language(lang):
        title, alt = one.words()
    folder = drawn.FOLDER / lang
    place = f"/generated/drawn/{lang}"
    kinds = [kind for kind in ("svg", "png", "gif") if (folder / f"{figure}.{kind}").exists()]
    links = " · ".join(f":download:`{kind.upper()} <{place}/{figure}.{kind}>`" for kind in kinds)
    option = f" --lang {lang}" if lang != "en" else ""
    rows = ", ".join(f":ref:`{row} <row-{row}>`" for row in one.rows)
    used = ", ".join(f":py:obj:`{name.rpartition('.')[2]} <{name}>`" for name in names_in(figure))
    lines = [f".. _{label(figure)}:", "", *reference.heading(title, "-")]
    lines += [f".. image:: {place}/{figure}.png", f"   :alt: {alt}", "   :class: lecture", ""]
    lines += [alt, "", ".. code-block:: sh", "", f"   kerascnn figures {figure}{option}", ""]
    lines += [f"{word('Downloads', lang)}: {links}", ""]
    lines += [f"{word('Course map', lang)}: {rows}", ""]
    lines += [f"{word('Functions', lang)}: {used}", ""] if used else []
    lines += [f".. dropdown:: {word('Code', lang)}", "", "   .. code-block:: python", ""]
    return [*lines, *indented(one.code, 6), ""]


def section_page(letter: str, lang: str) -> str:
    """Return a section of the gallery in reStructuredText."""
    with language(lang):
        title = f"{letter}. {translated(figures.SECTIONS[letter])}"
    lines = reference.heading(title)
    for figure in figures.names(letter):
        lines += entry(figure, lang)
    return "\n".join(lines)


def map_page(lang: str) -> str:
    """Return the rows of the course with their figures."""
    lines = reference.heading(word("Course map", lang))
    lines += [word("The rows of the course, and the figures that show them.", lang), ""]
    known = figures.lecture_figures().values()
    for letter, title in figures.SECTIONS.items():
        with language(lang):
            lines += reference.heading(f"{letter}. {translated(title)}", "-")
        lines += [".. list-table::", "   :widths: 8 46 46", ""]
        for row, what in figures.ROWS.items():
            if row[0] == letter:
                links = [f":ref:`{label(one.name)}`" for one in known if row in one.rows]
                if row == "F10":
                    links.append(":doc:`/explorer`")
                with language(lang):
                    says = translated(what)
                lines += [f"   * - .. _row-{row}:", "", f"       {row}", f"     - {says}"]
                lines += [f"     - {', '.join(links)}"]
        lines.append("")
    return "\n".join(lines)


class Page(SphinxDirective):
    """A directive that parses what a function writes in the language of the site."""

    has_content = False
    required_arguments = 0
    optional_arguments = 1

    def text(self, lang: str) -> str:
        """Return the page in reStructuredText."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parse it."""
        text = self.text(self.env.config.language or "en")
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class CourseSection(Page):
    """A section of the gallery: `.. course-section:: B`."""

    def text(self, lang: str) -> str:
        """Return the section."""
        self.env.note_dependency(str(drawn.FOLDER / "state.txt"))
        return section_page(self.arguments[0], lang)


class CourseMap(Page):
    """The course map: `.. course-map::`."""

    def text(self, lang: str) -> str:
        """Return the map."""
        return map_page(lang)


class UsedIn(Page):
    """Where a public name is used or explained: `.. used-in:: kerascnn.visualize.grad_cam`."""

    def text(self, lang: str) -> str:
        """Return the links."""
        name = self.arguments[0]
        builder = name.rpartition(".build_")[2]
        places = {word("Figures", lang): [f":ref:`{label(one)}`" for one in figures_with(name)]}
        if builder in models.names():
            file = models.architectures()[builder].builder.__module__.rpartition(".")[2]
            places[word("Architecture", lang)] = [f":ref:`architecture-{file}`"]
        if guide := GUIDES.get(".".join(name.split(".")[1:2])):
            places[word("Guide", lang)] = [f":doc:`/{guide}`"]
        lines = [f":{where}: {', '.join(links)}" for where, links in places.items() if links]
        return "\n".join([*lines, ""])


class Pictures(SphinxTransform):
    """Shows the figures on pages of the guide in the language of the site."""

    default_priority = 100  # after the translation of texts

    def apply(self, **_more: object) -> None:
        """Replace the pictures of lecture figures, which are in English, and their alt texts."""
        lang = self.config.language
        for image in self.document.findall(nodes.image):
            name = Path(image["uri"]).stem
            if lang == "en" or Path(image["uri"]).parent.name != "pictures":
                continue
            if name in figures.names():
                image["uri"] = f"/generated/drawn/{lang}/{name}.png"
                with language(lang):
                    image["alt"] = figures.lecture_figure(name).words()[1]


def write(folder: Path) -> None:
    """Write the pages, which hold only a directive: the language is known when they are read."""
    texts: dict[str, str] = {"map.rst": ".. course-map::\n"}
    texts |= {f"{letter}.rst": f".. course-section:: {letter}\n" for letter in figures.SECTIONS}
    reference.keep(folder, texts)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the directives."""
    app.add_directive("course-section", CourseSection)
    app.add_directive("course-map", CourseMap)
    app.add_directive("used-in", UsedIn)
    app.add_transform(Pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
