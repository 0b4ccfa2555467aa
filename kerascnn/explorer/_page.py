"""The page: its template with the data, the words, the colors and the scripts."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any

import matplotlib as mpl
import numpy as np
from markupsafe import Markup

from kerascnn._markup import template
from kerascnn._text import LANGUAGES, in_all_languages
from kerascnn.plots import style
from kerascnn.plots._style import colormap, layer_style, role_color, window_colors

from ._words import words

# In the order in which they run. Those that compute know nothing of a page, and run in node, too.
COMPUTING = (
    *("arrays.js", "activations.js"),
    *("convolutions.js", "pooling.js", "shapes.js", "normalization.js", "classics.js"),  # layers
    *("views.js", "network.js", "questions.js"),
)
SCRIPTS = (
    *COMPUTING,
    *("base.js", "colors.js", "state.js", "mnist.js", "input.js", "files.js", "overview.js"),
    *("grids.js", "answer.js", "pixels.js", "layer.js", "samples.js", "why.js", "change.js"),
    *("replay.js", "sizes.js", "stamps.js", "tabs.js", "start.js"),
)
GROUPS = (  # a layer of each group, for its colors
    "Conv2D", "Conv2DTranspose", "Dense", "MaxPooling2D", "BatchNormalization", "ReLU",
    "InputLayer", "Add", "Dropout", "Flatten", "UpSampling2D", "Other",
)  # fmt: skip
ROLES = ("window", "kernel", "output")
MANY = 12  # colors of classes to ask for; they repeat


def page(data: dict[str, Any]) -> str:
    """Return the page of a network.

    Args:
        data: what the scripts read; its texts are escaped here.
    """
    scripts, before, css = [_part(name) for name in SCRIPTS], _part("before.js"), _part("style.css")
    return template("explorer/page", "explorer.html.jinja").render(
        title=data["title"],
        lang=data["language"],
        languages=LANGUAGES,
        policy=_policy([before, *scripts], css),
        before=before,
        style=css,
        scripts=scripts,
        model=Markup(island(data)),
        words=in_all_languages(words),
        looks=_looks(),
    )


def island(data: Any) -> str:
    """Write data as JSON that can stand in a <script>, which nothing within it can end.

    >>> island({"name": "</script>"})
    '{"name":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _part(name: str) -> Markup:
    """Read a script or the style sheet: both are the package's own."""
    return Markup((files("kerascnn") / "explorer" / "page" / name).read_text("utf-8"))


def _policy(scripts: list[Markup], css: Markup) -> str:
    """Allow exactly these scripts and this style sheet, and pictures that the page holds."""

    def hashes(texts: list[Markup]) -> str:
        digests = (hashlib.sha256(text.encode()).digest() for text in texts)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    return (
        f"default-src 'none'; script-src {hashes(scripts)}; style-src {hashes([css])};"
        " img-src data: blob:; media-src blob:; base-uri 'none'; form-action 'none'"
    )


@cache
def _looks() -> dict[str, Any]:
    """Return the colors of layers, roles and values, as in all plots."""
    with style("slides"):
        layers = [layer_style(kind) for kind in GROUPS]
        light = [role_color(role) for role in ROLES]
        classes = list(dict.fromkeys(window_colors(MANY)))
        maps = {role: colormap(role) for role in ("sequential", "signed", "heat")} | {
            "gray": "gray"
        }
    with style("dark"):
        dark = [role_color(role) for role in ROLES]
    labels = in_all_languages(lambda: {kind: layer_style(kind).label for kind in GROUPS})
    of_group = {layer_style(kind).group: kind for kind in GROUPS}
    return {
        "groups": {
            look.group: {
                "color": look.color,
                "text": look.text_color,
                "label": {lang: labels[lang][of_group[look.group]] for lang in LANGUAGES},
            }
            for look in layers
        },
        "roles": {role: pair for role, *pair in zip(ROLES, light, dark, strict=True)},
        "classes": classes,
        "maps": {role: _colors(name) for role, name in maps.items()},
    }


def _colors(name: str) -> str:
    """Write 256 colors of a colormap, three bytes each, as base64."""
    colors = mpl.colormaps[name](np.arange(256), bytes=True)[:, :3]
    return base64.b64encode(colors.tobytes()).decode()
