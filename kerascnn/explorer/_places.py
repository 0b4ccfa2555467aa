"""Where the nodes of a network stand: in columns, the branches of each in rows."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

from kerascnn.plots._diagram.blocks import ordered


def places(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Place each node in the column after all that feed it (Sugiyama et al. 1981).

    An edge over several columns has a row of its own in each. Rows count from the top.

    Args:
        nodes: in order of computation, with `id`, `name` and `inputs`.

    Returns:
        For each node its `column` and `row`, and as `block` the nested model that it is in.
    """
    column: dict[int, int] = {}
    for node in nodes:
        column[node["id"]] = max((column[i] + 1 for i in node["inputs"]), default=0)
    columns: dict[int, list] = defaultdict(list)
    for node in nodes:
        columns[column[node["id"]]].append(node["id"])
    links = []
    for node in nodes:
        for source in dict.fromkeys(node["inputs"]):
            between = range(column[source] + 1, column[node["id"]])
            lanes = [(node["id"], source, at) for at in between]
            for at, lane in zip(between, lanes, strict=True):
                columns[at].append(lane)
            links += itertools.pairwise([source, *lanes, node["id"]])
    ordered(columns, links)
    row = {item: nth for items in columns.values() for nth, item in enumerate(items)}
    return [
        {
            "column": column[node["id"]],
            "row": row[node["id"]],
            "block": node["name"].rpartition("/")[0] or None,
        }
        for node in nodes
    ]
