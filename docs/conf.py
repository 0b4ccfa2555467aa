"""The site: `pip install ".[docs]" && sphinx-build -W docs site`. It needs no network."""

import os
import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "extensions"))
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import architectures
import course
import courses
import drawn
import reference

import kerascnn

drawn.draw()
reference.write(DOCS / "generated" / "reference")
course.write(DOCS / "generated" / "gallery")
courses.write(DOCS / "generated" / "courses")
architectures.write(DOCS / "generated" / "architectures")

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
    "sphinx_gallery.gen_gallery",
    "architectures",
    "code_links",
    "course",
    "equations",
    "languages",
    "link_check",
    "python_names",
    "repository_links",
]
root_doc = "index"
exclude_patterns = [
    "extensions",
    "generated/drawn",
    "gallery.md",  # these two are drawn in the language of the site
    "course-map.md",
]
templates_path = ["templates"]

language = "en"
site_languages = ["ko", "es"]  # built after it, in folders of these names
locale_dirs = ["locale"]
gettext_compact = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "generated/examples",
    "filename_pattern": r"\.py$",
    "download_all_examples": False,
    "write_computation_times": False,
    "min_reported_time": 3600,  # no times, which would differ in each build
    "show_memory": False,
}

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

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "kerascnn"
html_static_path = ["static"]
html_extra_path = ["lenet5.html"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_sidebars = {"start": []}  # it has no pages below it
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "navbar_persistent": ["search-field"],
    "search_bar_text": "Search",
    "navbar_end": ["languages", "theme-switcher"],
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
