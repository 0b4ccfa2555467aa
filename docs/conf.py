"""The site: `pip install ".[docs]" && sphinx-build -W docs site`. It needs no network."""

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "extensions"))
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import reference

import kerascnn

reference.write(DOCS / "generated" / "reference")

project = "kerascnn"
author = "The kerascnn authors"
project_copyright = "The kerascnn authors"
release = version = kerascnn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "myst_parser",
    "sphinx_design",
    "python_names",
    "repository_links",
]
root_doc = "index"
exclude_patterns = ["extensions"]
templates_path = ["templates"]

# Docstrings put code between single backticks, as Markdown does; public names become links.
default_role = "name"
autodoc_member_order = "bysource"
autoclass_content = "both"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_maximum_signature_line_length = 80
python_display_short_literal_types = True
viewcode_follow_imported_members = True
toc_object_entries = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "pydata_sphinx_theme"
html_title = "kerascnn"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
