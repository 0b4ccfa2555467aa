"""The layer calls of a network, and which of them to draw as one block."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kerascnn.plots._style import group_of

# Groups of layers that are drawn with the layer before them, and groups that lead to the next.
FOLLOW = ("normalization", "activation", "dropout", "reshape")
LEAD = ("normalization", "activation")
WITH_WEIGHTS = ("convolution", "transposed convolution", "dense")
SHORT = {  # the usual abbreviations in papers
    "BatchNormalization": "BN",
    "LayerNormalization": "LN",
    "GroupNormalization": "GN",
    "LocalResponseNormalization": "LRN",
    "ReLU": "ReLU",
    "Activation": "act",
    "Dropout": "dropout",
    "Flatten": "flatten",
    "ZeroPadding2D": "pad",
}


@dataclass(frozen=True)
class Call:
    """One call of a layer, with the names of its input calls."""

    name: str
    kind: str
    shape: tuple[int | None, ...]
    kernel: tuple[int, ...]
    inputs: tuple[str, ...]
    parameters: int = 0
    stride: object = None  # distance between its units in input pixels, if the records have it

    @property
    def group(self) -> str:
        """Return the group of its kind, such as "convolution"."""
        return group_of(self.kind)

    @property
    def model(self) -> str:
        """Return the nested model that it belongs to, with the number of its call, or ""."""
        return self.name.partition("/")[0] if "/" in self.name else ""


@dataclass(frozen=True)
class Unit:
    """Consecutive calls drawn as one block, with the names of its input units."""

    calls: tuple[Call, ...]
    inputs: tuple[str, ...]

    @property
    def lead(self) -> Call:
        """Return the call that determines the block's name, color and kernel."""
        for groups in (WITH_WEIGHTS, ("pooling", "merge", "input")):
            for call in self.calls:
                if call.group in groups:
                    return call
        return self.calls[0]

    @property
    def name(self) -> str:
        """Return the name of its leading call."""
        return self.lead.name

    @property
    def kind(self) -> str:
        """Return the kind of its leading call."""
        return self.lead.kind

    @property
    def kernel(self) -> tuple[int, ...]:
        """Return the window of its leading call."""
        return self.lead.kernel

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Return the output shape."""
        return self.calls[-1].shape

    @cached_property
    def volume(self) -> tuple[int | None, ...]:
        """Return the output shape, before it is flattened."""
        return next((c.shape for c in reversed(self.calls) if c.group != "reshape"), self.shape)

    @property
    def size(self) -> tuple:
        """Return the size of its maps: their sides or, if unspecified, relative to the input."""
        sides = self.shape[:-1]
        return (*sides, self.calls[-1].stride) if None in sides else sides

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of its calls, in order."""
        return tuple(call.kind for call in self.calls)


def read(records: Iterable | object) -> list[Call]:
    """Read layer records: the result of `describe(model)`, or a list of records.

    Raises:
        TypeError: If `records` are not layer records.
        ValueError: If there are no records, or two have the same name.
    """
    if hasattr(records, "count_params"):  # a model
        from kerascnn._describe import describe

        records = describe(records)
    records = getattr(records, "layers", records)
    if isinstance(records, str) or not isinstance(records, Iterable):
        raise TypeError(
            "records must be layer records, such as the result of describe(model), or a Keras "
            f"model; received {type(records).__name__}"
        )
    records = list(records)
    if not records:
        raise ValueError("records must contain at least one layer; received none")
    calls: list[Call] = []
    for record in records:
        if not hasattr(record, "name") or not hasattr(record, "output_shape"):
            raise TypeError(
                "records must be layer records, such as the result of describe(model); received"
                f" {type(record).__name__}"
            )
        named = getattr(record, "inputs", None)
        before = tuple(call.name for call in calls[-1:])  # records without inputs are a chain
        calls.append(
            Call(
                str(record.name),
                record.kind,
                tuple(record.output_shape),
                tuple(getattr(record, "kernel", None) or ()),
                before if named is None else tuple(dict.fromkeys(named)),
                getattr(record, "parameters", 0) or 0,
                getattr(record, "stride_product", None),
            )
        )
    known = Counter(call.name for call in calls)
    if twice := [name for name, count in known.items() if count > 1]:
        raise ValueError(f"records must have unique names; received {twice[0]!r} twice")
    return [replace(c, inputs=tuple(n for n in c.inputs if n in known)) for c in calls]


def readers(items: Iterable) -> dict[str, list]:
    """Return the calls or units that read each one."""
    found = defaultdict(list)
    for item in items:
        for name in item.inputs:
            found[name].append(item)
    return found


def leading_to(name: str, by_name: Mapping) -> set[str]:
    """Return the names of an item and all its ancestors, among items by name."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [source for source in by_name[one].inputs if source in by_name]
    return found


def single(calls: list[Call]) -> list[Unit]:
    """Return each call as a separate unit."""
    return [Unit((call,), call.inputs) for call in calls]


def joined(
    calls: list[Call], follow: Sequence[str] = FOLLOW, *, fold_models: bool = False
) -> list[Unit]:
    """Join each convolution, dense layer or merge with following layers of the given groups.

    Only calls whose output nothing else reads are joined, so only edges within a block are hidden.
    With `fold_models`, all calls of a nested model are one unit.
    """
    read_by = readers(calls)
    groups: dict[str, list[Call]] = {}  # by the name of each of their calls
    models: dict[str, list[Call]] = {}
    for call in calls:
        if fold_models and (model := call.model):
            groups[call.name] = models.setdefault(model, [])
            groups[call.name].append(call)
            continue
        source = call.inputs[0] if len(call.inputs) == 1 else ""
        alone = len(call.inputs) == 1 and len(read_by[source]) == 1
        before = groups.get(source, [])
        nested = fold_models and before and before[0].model
        if alone and before and not nested and _belongs(before, call, follow):
            before.append(call)
            groups[call.name] = before
        else:
            groups[call.name] = [call]
    units = []
    of_call = {}
    for call in calls:
        group = groups[call.name]
        if group[0] is call:
            unit = Unit(tuple(group), ())
            units.append((unit, [name for one in group for name in one.inputs]))
            of_call |= {one.name: unit.name for one in group}
    return [
        replace(
            unit,
            inputs=tuple(
                dict.fromkeys(of_call[name] for name in inputs if of_call[name] != unit.name)
            ),
        )
        for unit, inputs in units
    ]


def _belongs(group: list[Call], call: Call, follow: Sequence[str]) -> bool:
    """Return whether a call is drawn with those before it."""
    groups = [one.group for one in group]
    if "input" in groups:
        return call.group in ("dropout", "reshape") and call.group in follow
    if call.group in follow:
        return True
    leading = all(one.group in LEAD or one.kind.startswith("ZeroPadding") for one in group)
    return leading and set(follow) >= set(LEAD) and call.group in (*WITH_WEIGHTS, "pooling")


def in_depth_first_order(units: list[Unit]) -> list[Unit]:
    """Sort units so that each comes after its inputs and branches stay together."""
    by_name, read_by = {unit.name: unit for unit in units}, readers(units)
    order: list[Unit] = []
    done: set[str] = set()
    for start in reversed(units):  # last ones first, because the order is reversed at the end
        if start.inputs:
            continue
        stack = [(start.name, iter(read_by[start.name][::-1]))]
        if start.name in done:
            continue
        done.add(start.name)
        while stack:
            name, waiting = stack[-1]
            following = next((u for u in waiting if u.name not in done), None)
            if following is None:
                order.append(by_name[name])
                stack.pop()
            else:
                done.add(following.name)
                stack.append((following.name, iter(read_by[following.name][::-1])))
    return order[::-1]
