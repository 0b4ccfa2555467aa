"""What a model is made of: one record per layer, as text, Markdown, LaTeX, CSV, HTML, DataFrame."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING

import keras
from keras import layers

from ._graph import Key, Node, flatten
from ._text import text as _
from .arithmetic import ReceptiveField, padding_sizes

if TYPE_CHECKING:
    import pandas
    from rich.table import Table

PerAxis = int | Fraction | tuple[int | Fraction, ...]


@dataclass(frozen=True)
class Layer:
    """One call of one layer, for one image (batch 1).

    Attributes:
        name: the layer's name; inside a nested model "model/layer".
        kind: the name of its class, for example "Conv2D".
        output_shape: shape of its output without the batch; `None` where a size is not known.
        parameters: trainable and other weights; counted at the first call of a shared layer.
        macs: multiply-adds of convolutions and dense layers (FLOPs are twice as many), 0 for
            layers that have none, `None` where no rule is known. A layer of your own counts its
            own: give it a method `macs(input_shapes, output_shape)`, shapes with the batch.
        connections: as LeCun et al. 1998 count them: MACs, and one for the bias of each output;
            likewise a method `connections` of the layer.
        activations: number of values in its output.
        memory_bytes: their size in the type in which the layer computes; forward pass only.
        receptive_field: pixels of the input that a unit sees, one number, or (height, width)
            where they differ; for branches that meet, their union. `None` where not defined.
        stride_product: pixels between the fields of neighbours; likewise. `None` where a unit
            sees the whole input.
        aligned: whether the branches that meet here see with the same stride and centre.
        inputs: names of the records that feed this one.
        kernel: size of the window, for example (3, 3); `()` for layers without.
    """

    name: str
    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int
    macs: int | None
    connections: int | None
    activations: int | None
    memory_bytes: int | None
    receptive_field: PerAxis | None
    stride_product: PerAxis | None
    aligned: bool
    inputs: tuple[str, ...]
    kernel: tuple[int, ...] = ()


# What a table shows: heading, text of a record's cell, and the name of the total, if it has one.
COLUMNS: tuple[tuple[str, Callable[[Layer], str], str | None], ...] = (
    ("Layer", lambda r: r.name, None),
    ("Kind", lambda r: r.kind, None),
    ("Output", lambda r: shape_text(r.output_shape), None),
    ("Parameters", lambda r: _number(r.parameters), "parameters"),
    ("MACs", lambda r: _number(r.macs), "macs"),
    ("Activations", lambda r: _number(r.activations), "activations"),
    ("Memory (bytes)", lambda r: _number(r.memory_bytes), "memory_bytes"),
    ("Receptive field", lambda r: _axes(r.receptive_field) + ("" if r.aligned else " *"), None),
    ("Stride", lambda r: _axes(r.stride_product), None),
)
LEFT = 3  # columns of words; the others hold numbers and are aligned on the right


@dataclass(frozen=True, repr=False)
class Description:
    """The records of a model, their totals, and tables of both.

    Attributes:
        name: the model's name.
        layers: one `Layer` for each call of a layer, in the order of computation.
        trainable_parameters: how many of `parameters` are trained.
    """

    name: str
    layers: tuple[Layer, ...]
    trainable_parameters: int

    @property
    def parameters(self) -> int:
        """Trainable and other weights: the model's `count_params()`."""
        return sum(r.parameters for r in self.layers)

    @property
    def macs(self) -> int | None:
        """Multiply-adds of convolutions and dense layers; `None` where a size is not known."""
        return None if self._free else sum(r.macs or 0 for r in self.layers)

    @property
    def connections(self) -> int | None:
        """Connections, biases included; `None` where a size or rule is not known."""
        return _sum(r.connections for r in self.layers)

    @property
    def activations(self) -> int | None:
        """Values in all outputs; `None` where a size is not known."""
        return _sum(r.activations for r in self.layers)

    @property
    def memory_bytes(self) -> int | None:
        """Bytes of all outputs for one image, forward pass only; `None` where not known."""
        return _sum(r.memory_bytes for r in self.layers)

    @property
    def _free(self) -> bool:
        return any(None in r.output_shape for r in self.layers)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the table must know, a sentence each."""
        notes = [
            _("For one image, forward pass only. MACs: multiply-adds of convolutions and "
              "dense layers.")
        ]  # fmt: skip
        if any(not r.aligned for r in self.layers):
            notes.append(
                _("* The branches that meet here see with different centres or strides; "
                  "the field is their union.")
            )  # fmt: skip
        if self._free:
            notes.append(
                _("The input size is free: give input_shape for the numbers that depend on it.")
            )
        elif unknown := [r.name for r in self.layers if r.macs is None]:
            notes.append(_("MACs without: {names}.", names=", ".join(unknown)))
        return tuple(notes)

    def __str__(self) -> str:
        return self.to_text()

    __repr__ = __str__  # a table at the prompt too

    def __rich__(self) -> Table:
        from rich.table import Table

        headings, *rows, totals = self._cells()
        table = Table(title=self.name, caption=" ".join(self.notes), caption_justify="left")
        for i, heading in enumerate(headings):
            table.add_column(heading, justify="left" if i < LEFT else "right", overflow="fold")
        for row in rows:
            table.add_row(*row)
        table.add_section()
        table.add_row(*totals, style="bold")
        return table

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_text(self, width: int | None = None) -> str:
        """Draw a table for the terminal, wide enough for every cell unless `width` is given."""
        from rich.console import Console

        table = self.__rich__()
        console = Console(file=io.StringIO(), width=width or 10_000, color_system=None)
        if width is None:
            console.width = max(console.measure(table).maximum, 1)
        console.print(table)
        return console.file.getvalue().rstrip("\n")

    def to_markdown(self) -> str:
        """Write a table in Markdown."""
        headings, *rows = self._cells()
        rules = [":--"] * LEFT + ["--:"] * (len(headings) - LEFT)
        lines = [
            "| " + " | ".join(map(_escape_pipe, row)) + " |" for row in (headings, rules, *rows)
        ]
        return "\n".join([*lines, "", *self.notes])

    def to_latex(self) -> str:
        """Write a `tabular` with the rules of the LaTeX package booktabs."""
        headings, *rows, totals = [[_escape_latex(c) for c in row] for row in self._cells()]
        lines = [" & ".join(row) + r" \\" for row in (headings, *rows, totals)]
        return "\n".join(
            [
                r"\begin{tabular}{" + "l" * LEFT + "r" * (len(headings) - LEFT) + "}",
                r"\toprule",
                lines[0],
                r"\midrule",
                *lines[1:-1],
                r"\midrule",
                lines[-1],
                r"\bottomrule",
                r"\end{tabular}",
                *(f"% {note}" for note in self.notes),
            ]
        )

    def to_csv(self) -> str:
        """Write comma-separated values: all fields of the records, numbers as they are."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        names = [f.name for f in fields(Layer)]
        writer.writerow(names)
        for record in self.layers:
            values = (getattr(record, name) for name in names)
            writer.writerow(["x".join(map(str, v)) if isinstance(v, tuple) else v for v in values])
        return file.getvalue()

    def to_html(self) -> str:
        """Write a `<table>`."""
        from markupsafe import escape

        headings, *rows, totals = self._cells()

        def line(row: Sequence[str], tag: str = "td") -> str:
            right = [i >= LEFT for i in range(len(row))]
            styles = [
                ' style="text-align: right"' if r else ' style="text-align: left"' for r in right
            ]
            cells = zip(styles, row, strict=True)
            return "<tr>" + "".join(f"<{tag}{s}>{escape(c)}</{tag}>" for s, c in cells) + "</tr>"

        return "\n".join(
            [
                f"<table>\n<caption>{escape(self.name)}</caption>",
                f"<thead>{line(headings, 'th')}</thead>\n<tbody>",
                *map(line, rows),
                f"</tbody>\n<tfoot>{line(totals, 'th')}</tfoot>\n</table>",
                f"<p>{escape(' '.join(self.notes))}</p>",
            ]
        )

    def to_dataframe(self) -> pandas.DataFrame:
        """Make a pandas DataFrame: a row for each record, all fields as columns.

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ImportError(
                "to_dataframe needs pandas, which is not installed: pip install pandas."
            ) from None
        return pd.DataFrame([asdict(r) for r in self.layers]).set_index("name")

    def _cells(self) -> list[list[str]]:
        """The table as text: headings, a row for each record, totals."""
        headings = [_(heading) for heading, *_cell in COLUMNS]
        rows = [[cell(r) for _h, cell, _t in COLUMNS] for r in self.layers]
        totals = [_number(getattr(self, total)) if total else "" for *_cell, total in COLUMNS]
        return [headings, *rows, [_("Total"), *totals[1:]]]


def describe(
    model: keras.Model, *, input_shape: tuple[int, ...] | Sequence[tuple] | None = None
) -> Description:
    """Describe a model layer by layer: parameters, MACs, memory, receptive fields.

    Nested models and branches are included. The receptive field follows Araujo et al. 2019
    (Distill, "Computing receptive fields of convolutional neural networks"), with the padding
    that Keras uses for this input size; pixels of the padding are counted.

    Args:
        model: any functional or sequential `keras.Model`.
        input_shape: shape of one input without the batch, such as (224, 224, 3), for models
            that leave their input size free; a list of shapes for several inputs.

    Returns:
        A `Description`; it prints as a table.

    Raises:
        TypeError: not a Keras model.
        ValueError: a model without a graph, or an `input_shape` that does not fit.

    >>> import kerascnn as kc
    >>> d = kc.describe(kc.build_lenet5())
    >>> d.parameters, d.macs, d.layers[3].name, d.layers[3].receptive_field
    (61706, 416520, 'c3', 14)
    """
    graph = flatten(model)
    shapes = {k: s for n in graph.nodes for k, s in zip(n.outputs, n.shapes, strict=True)}
    if input_shape is not None:
        shapes = _shapes(model, graph, input_shape)
    # All inputs are taken as images side by side, so their fields start alike: one pixel each.
    seen: dict[Key, Field] = {}
    names = {key: n.name for n in graph.nodes for key in n.outputs}
    whole = tuple(shapes[graph.inputs[0]][1:-1])
    records, counted = [], set()
    for node in graph.nodes:
        before, after = [shapes[k] for k in node.inputs], shapes[node.outputs[0]]
        field = _look(node, [seen[k] for k in node.inputs], before, after)
        seen.update(dict.fromkeys(node.outputs, field))
        new = id(node.operation) not in counted
        counted.add(id(node.operation))
        values = _sum(_size(shapes[k][1:]) for k in node.outputs)
        sizes = [f.size for f in field] if isinstance(field, tuple) else whole
        records.append(
            Layer(
                name=node.name,
                kind=type(node.operation).__name__,
                output_shape=tuple(after[1:]),
                parameters=node.operation.count_params() if new and _is_layer(node) else 0,
                macs=_macs(node.operation, before, after),
                connections=_connections(node.operation, before, after),
                activations=values,
                memory_bytes=None if values is None else values * _bytes(node.operation),
                receptive_field=None if field is None else _same(sizes),
                stride_product=_same([f.stride for f in field])
                if isinstance(field, tuple)
                else None,
                aligned=not isinstance(field, tuple) or all(f.aligned for f in field),
                inputs=tuple(dict.fromkeys(names[k] for k in node.inputs)),
                kernel=_kernel(node.operation),
            )
        )
    trainable = sum(math.prod(w.shape) for w in model.trainable_weights)
    return Description(model.name, tuple(records), trainable)


def shape_text(shape: tuple[int | None, ...]) -> str:
    """Write a shape as lectures do.

    >>> shape_text((55, 55, 96))
    '55×55×96'
    """
    return "×".join("?" if n is None else str(n) for n in shape)


# Shapes


def _shapes(model: keras.Model, graph: object, input_shape: object) -> dict[Key, tuple]:
    """The shapes of all tensors for an input, without adding calls to the user's layers."""
    given = [input_shape] if all(isinstance(n, int) for n in input_shape) else list(input_shape)
    own = [tuple(t.shape[1:]) for t in model.inputs]
    fits = len(given) == len(own) and all(
        len(g) == len(o) and all(b in (None, a) for a, b in zip(g, o, strict=True))
        for g, o in zip(given, own, strict=False)
    )
    if not fits:
        raise ValueError(
            f"input_shape must fit the model's input {own[0] if len(own) == 1 else own} "
            f"(None is free); received {input_shape}."
        )
    inputs = [
        keras.KerasTensor((None, *g), dtype=t.dtype)
        for g, t in zip(given, model.inputs, strict=True)
    ]
    every = tuple(k for n in graph.nodes for k in n.outputs)
    specs = graph.evaluate(
        inputs, lambda n, a, k: n.operation.compute_output_spec(*a, **k), until=every
    )
    return {key: tuple(spec.shape) for key, spec in specs.items()}


def _size(shape: tuple) -> int | None:
    return None if None in shape else math.prod(shape)


def _bytes(operation: keras.Operation) -> int:
    dtype = getattr(operation, "compute_dtype", None) or keras.config.floatx()
    return 1 if dtype == "bool" else int("".join(filter(str.isdigit, dtype)) or 32) // 8


def _is_layer(node: Node) -> bool:
    return isinstance(node.operation, layers.Layer)


# MACs

DENSE = (layers.Dense,)
CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
UP_SAMPLING = (layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D)
# Layers whose weights scale or shift, one for each channel: no sums of products.
POINTWISE = (
    layers.BatchNormalization, layers.LayerNormalization, layers.GroupNormalization,
    layers.Normalization, layers.PReLU, layers.Embedding,
)  # fmt: skip


def _macs(operation: keras.Operation, before: list[tuple], after: tuple) -> int | None:
    """Multiply-adds of one call for one image."""
    if hasattr(operation, "macs"):
        return None if None in after[1:] else operation.macs(before, after)
    if isinstance(operation, TRANSPOSED):  # every input pixel is spread over a window
        return _product(_size(before[0][1:-1]), _weights(operation.kernel))
    if isinstance(operation, SEPARABLE):
        per_pixel = _weights(operation.depthwise_kernel) + _weights(operation.pointwise_kernel)
        return _product(_size(after[1:-1]), per_pixel)
    if isinstance(operation, (*CONVOLUTIONS, *DEPTHWISE, *DENSE)):
        kernel = operation.kernel  # of a depthwise layer too
        return _product(_size(after[1:-1]), _weights(kernel))
    if not getattr(operation, "weights", None) or isinstance(operation, POINTWISE):
        return 0
    return None


def _connections(operation: keras.Operation, before: list[tuple], after: tuple) -> int | None:
    if hasattr(operation, "connections"):
        return None if None in after[1:] else operation.connections(before, after)
    macs = _macs(operation, before, after)
    biases = _size(after[1:]) if getattr(operation, "use_bias", False) and macs != 0 else 0
    return None if None in (macs, biases) else macs + biases


def _weights(kernel: keras.Variable) -> int:
    return math.prod(kernel.shape)


def _product(positions: int | None, weights: int) -> int | None:
    return None if positions is None else positions * weights


# Receptive fields: a tuple with one field for each axis, WHOLE, or None where not defined

WHOLE = "whole"
Field = tuple[ReceptiveField, ...] | str | None


def _look(node: Node, fields: list[Field], before: list[tuple], after: tuple) -> Field:
    """What a unit of this node's output sees, from what the units of its inputs see."""
    operation, axes = node.operation, len(after) - 2
    if node.is_input:
        return tuple(ReceptiveField() for _axis in range(axes)) if axes > 0 else WHOLE
    if not fields or None in fields:
        return None
    if WHOLE in fields:
        return WHOLE
    if any(len(f) != len(fields[0]) for f in fields):
        return None
    field = tuple(ReceptiveField.union(axis) for axis in zip(*fields, strict=True))
    sizes = before[0][1:-1]
    if _is_window(operation) and not isinstance(operation, TRANSPOSED):
        return tuple(
            f.window(kernel, stride, start, dilation)
            for f, (kernel, stride, start, dilation) in zip(
                field, _windows(operation, sizes), strict=True
            )
        )
    if isinstance(operation, TRANSPOSED):
        return tuple(
            f.transposed(
                k, s, max(d * (k - 1) + 1 - s, 0) // 2 if operation.padding == "same" else 0, d
            )
            for f, k, s, d in zip(
                field,
                operation.kernel_size,
                operation.strides,
                operation.dilation_rate,
                strict=True,
            )
        )
    if isinstance(operation, UP_SAMPLING):
        factors = operation.size if isinstance(operation.size, tuple) else (operation.size,)
        return tuple(f.transposed(s, s) for f, s in zip(field, factors, strict=True))
    if isinstance(operation, (layers.ZeroPadding2D, layers.Cropping2D)):
        if isinstance(operation, layers.Cropping2D):
            cuts = [start for start, _end in operation.cropping]
        else:
            cuts = [-start for start, _end in operation.padding]
        return tuple(f.shifted(cut) for f, cut in zip(field, cuts, strict=True))
    if len(after) == len(before[0]) and after[1:-1] == sizes:
        return field  # works on each position by itself
    # Where the axes go, a unit sees everything: dense layers after flattening, global pools.
    return WHOLE if axes <= 0 or all(n == 1 for n in after[1:-1]) else None


def _is_window(operation: keras.Operation) -> bool:
    """Whether a layer slides a window, as convolutions and pools do; layers of your own too."""
    return bool(_kernel(operation)) and all(hasattr(operation, a) for a in ("strides", "padding"))


def _windows(operation: layers.Layer, sizes: tuple) -> list[tuple[int, int, int, int]]:
    """(kernel, stride, padding before, dilation) of a convolution or pooling, for each axis."""
    kernels = _kernel(operation)
    dilations = getattr(operation, "dilation_rate", 1)
    dilations = dilations if isinstance(dilations, tuple) else (dilations,) * len(kernels)
    windows = []
    for size, k, s, d in zip(sizes, kernels, operation.strides, dilations, strict=True):
        # Of an unknown size "same" pads like a multiple of the stride.
        start = padding_sizes(size or s * k * d, k, s, operation.padding, d)[0]
        windows.append((k, s, start, d))
    return windows


def _kernel(operation: keras.Operation) -> tuple[int, ...]:
    return tuple(getattr(operation, "kernel_size", getattr(operation, "pool_size", ())))


# Text


def _same(values: Sequence[int | Fraction]) -> PerAxis:
    """One number where the axes agree."""
    values = [int(v) if v is not None and v == int(v) else v for v in values]
    return values[0] if len(set(values)) == 1 else tuple(values)


def _sum(values: object) -> int | None:
    values = list(values)
    return None if None in values else sum(values)


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _axes(value: PerAxis | None) -> str:
    if value is None:
        return "–"
    return "×".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _escape_pipe(cell: str) -> str:
    return cell.replace("|", r"\|")


def _escape_latex(cell: str) -> str:
    special = {c: f"\\{c}" for c in "&%$#_{}"} | {
        "×": r"$\times$", "–": "--", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
    }  # fmt: skip
    return "".join(special.get(c, c) for c in cell)
