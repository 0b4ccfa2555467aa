"""The pages of the course notebooks, and the notebooks to download, from `docs/courses/`."""

from pathlib import Path

import jupytext
import reference

DOCS = Path(__file__).parents[1]


def pages() -> dict[str, str]:
    """Return a page in Markdown and a notebook of each script, by file name."""
    texts = {}
    for script in sorted((DOCS / "courses").glob("*.py")):
        name = script.stem
        notebook = jupytext.read(script)
        title, _newline, rest = notebook.cells[0].source.partition("\n")
        links = f"{{download}}`{name}.ipynb` · {{download}}`{name}.py <../../courses/{name}.py>`"
        notebook.cells[0].source = f"{title}\n\n{links}\n{rest}"
        texts[f"{name}.md"] = jupytext.writes(notebook, "md").partition("---\n\n")[2]
        notebook.cells[0].source = f"{title}\n{rest}"
        for nth, cell in enumerate(notebook.cells):
            cell["id"] = f"cell-{nth}"  # random ones would differ in each build
        texts[f"{name}.ipynb"] = jupytext.writes(notebook, "ipynb")
    return texts


def write(folder: Path) -> None:
    """Write them; those that stay the same keep their time."""
    reference.keep(folder, pages())
