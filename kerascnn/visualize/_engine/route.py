"""The part of a graph between some tensors and the outputs, for rules that propagate through it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from kerascnn._errors import LISTED
from kerascnn._graph import Graph, Key, Node, users_of
from kerascnn._heads import head_of, last_function, mask_of, name_of

from .affine import in_single, merges
from .kinds import heads_of, kind_of, signal_of

RECTIFYING = ("relu", "relu6")
# Functions that are 0 at 0, so that relevance is 0 behind them where it is 0 before them
THROUGH_ZERO = (*RECTIFYING, "leakyrelu", "leaky_relu", "linear")


class Route:
    """The nodes between some tensors and the outputs of a model, and what each does.

    Attributes:
        graph: the model's, with all layers in float32.
        nodes: those that the tensors reach and that lead to the outputs, in order.
        kinds: what each does with its inputs, by name; see `kinds.py`.
        heads: names of the nodes whose softmax or sigmoid follows the logits.
        merges: batch normalizations, by name, and the nodes with weights that they are merged into.
    """

    def __init__(self, graph: Graph, sources: Collection[Key]) -> None:
        self.graph = replace(graph, nodes=tuple(map(in_single, graph.nodes)))
        self.sources = frozenset(sources)
        reached, self.nodes = set(sources), []
        for node in self.graph.leading_to(graph.outputs):
            if not node.is_input and reached.intersection(node.inputs):
                self.nodes.append(node)
                reached.update(node.outputs)
        self.makers = {key: node for node in self.nodes for key in node.outputs}
        self.users = users_of(self.nodes)
        self.heads = heads_of(graph)
        self.kinds = {node.name: kind_of(graph, node, self.heads) for node in self.nodes}
        self.kinds |= dict.fromkeys(self._used_before_the_end())
        self.merges = merges(self.nodes, self.users, (*graph.outputs, *sources))
        self._positive: dict[Key, bool] = {}
        self._vanishing: dict[Key, bool] = {}

    def _used_before_the_end(self) -> set[str]:
        """Return the names of the heads whose softmax or sigmoid other layers take, too.

        Both their logits and their outputs count, so that no rule fits.
        """
        used = set()
        for key in self.graph.outputs:
            head, after = head_of(self.graph, key)
            if head is None:
                continue
            last = {node.name for node in (head, *after)}
            keys = [k for node in (head, *after) for k in node.outputs]
            if any(user.name not in last for k in keys for user in self.users.get(k, [])):
                used.add(head.name)
        return used

    def check(self, what: str, kinds: Collection[str], instead: str) -> None:
        """Check that all nodes are of some kinds.

        Args:
            what: what the method propagates, for the error.
            kinds: those that it knows.
            instead: what to use otherwise.

        Raises:
            ValueError: with the names of the others.
        """
        closed = [node for node in self.nodes if self.kinds[node.name] not in kinds]
        if closed:
            names = ", ".join(f"{node.name!r} ({described(node)})" for node in closed[:LISTED])
            more = f" and {len(closed) - LISTED} more" * (len(closed) > LISTED)
            raise ValueError(
                f"model must have only layers with a known rule for {what}; there is none for "
                f"{names}{more}. {instead}"
            )

    def weighted(self) -> list[Node]:
        """List the nodes with weights."""
        return [node for node in self.nodes if self.kinds[node.name] == "weights"]

    def first(self) -> set[str]:
        """Return the names of the nodes with weights that no other of the route comes before."""
        behind: set[Key] = set()
        names = set()
        for node in self.nodes:
            seen = behind.intersection(node.inputs)
            if self.kinds[node.name] == "weights" and not seen:
                names.add(node.name)
            if seen or self.kinds[node.name] == "weights":
                behind.update(node.outputs)
        return names

    def before(self, key: Key) -> list[Node]:
        """List the nodes between the tensors that the route begins with and another one."""
        makers, rest = [], [key]
        while rest:
            maker = self.makers.get(rest.pop())
            if maker is not None and maker not in makers:
                makers.append(maker)
                rest += [key for key in maker.inputs if key not in self.sources]
        return makers

    def never_negative(self, key: Key) -> bool:
        """Whether no value of a tensor can be below 0, since it comes from ReLUs."""
        if key not in self._positive:
            self._positive[key] = self._comes_from_relus(key)
        return self._positive[key]

    def _comes_from_relus(self, key: Key) -> bool:
        maker = self.makers.get(key)
        if maker is None:
            return False
        if _rectifies(maker) or name_of(last_function(maker.operation)) == "sigmoid":
            return True
        subtracts = type(maker.operation).__name__ == "Subtract"
        passes = self.kinds[maker.name] in ("copies", "sums", "maximum") and not subtracts
        return passes and all(map(self.never_negative, maker.inputs))

    def vanishes(self, key: Key, without_input: Collection[str]) -> bool:
        """Whether the relevance of a value is 0 wherever the value is 0.

        Args:
            key: key of the tensor.
            without_input: names of the nodes whose rule distributes relevance to inputs of 0, too.
        """
        if key not in self._vanishing:
            self._vanishing[key] = all(
                self._vanishes_before(node, key, without_input) for node in self.users.get(key, [])
            )
        return self._vanishing[key]

    def _vanishes_before(self, node: Node, key: Key, without_input: Collection[str]) -> bool:
        kind = self.kinds[node.name]
        if kind == "weights":
            return node.name not in without_input
        if kind in ("sums", "centers"):
            return True
        if kind == "gate" and signal_of(self.graph, node) != key:
            return True
        through = name_of(last_function(node.operation)) in THROUGH_ZERO
        if kind in ("copies", "maximum", "gate") or (kind == "elementwise" and through):
            return all(self.vanishes(other, without_input) for other in node.outputs)
        return False

    def only_positive(self, node: Node, without_input: Collection[str]) -> bool:
        """Whether a node with weights gets relevance only where its output z is positive.

        This is so before a ReLU.
        """
        if name_of(last_function(node.operation)) in RECTIFYING:
            return _rectifies(node) and self.vanishes(node.outputs[0], without_input)
        users = self.users.get(node.outputs[0], [])
        return bool(users) and all(
            _rectifies(user) and self.vanishes(user.outputs[0], without_input) for user in users
        )


def _rectifies(node: Node) -> bool:
    function = name_of(last_function(node.operation))
    return function in RECTIFYING and not getattr(node.operation, "negative_slope", 0)


def described(node: Node) -> str:
    """Return the kind of a node's layer, and the activation that it applies, if any."""
    kind, function = type(node.operation).__name__, last_function(node.operation)
    if mask_of(node.operation, *node.slots) is not None:
        return f"{kind} with a mask"
    own = function is node.operation or name_of(function) == "linear"
    return kind if own else f"{kind} with {name_of(function)}"
