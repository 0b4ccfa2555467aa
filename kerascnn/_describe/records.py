"""The description of a model: its records and their totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from kerascnn._errors import unknown
from kerascnn._text import shape_text
from kerascnn._text import text as _

from . import formats
from .formats import Cells
from .unknowns import total

if TYPE_CHECKING:
    import pandas
    from rich.console import Console, ConsoleOptions, RenderResult

PerAxis = int | Fraction | tuple[int | Fraction | None, ...]


@dataclass(frozen=True)
class Layer:
    """One call of one layer, for one image (batch 1).

    Attributes:
        name: name of the layer; "model/layer" inside a nested model.
        kind: name of its class, for example "Conv2D".
        output_shape: shape of its output without the batch axis; unknown sizes are `None`.
        parameters: number of trainable and other weights, counted at the first call of a shared
            layer, also within wrappers.
        macs: multiply-adds of convolutions and matrix products, including those of attention and
            recurrent layers (the number of FLOPs is twice as high); 0 for layers without any,
            `None` if unknown. A custom layer can define a method
            `macs(input_shapes, output_shape)`; its shapes include the batch axis.
        connections: connections as in LeCun et al. 1998: MACs, plus one for the bias of each
            output. A custom layer can define a method `connections`, too. `None` for recurrent
            layers.
        activations: number of output values; 0 for layers that only pass on values, such as
            Flatten, Reshape and, at inference, Dropout.
        memory_bytes: size of these values in the layer's compute dtype; forward pass only.
        receptive_field: number of input pixels that a unit sees along each axis: one number, or
            (height, width) if they differ, in the order of the input's axes. If branches meet, it
            is their union; if it depends on the position of the unit, it is the largest one.
            `None` if it is unknown or the input has no spatial axes. A custom layer can define a
            method `receptive_field(fields)`, which gets a tuple of `arithmetic.ReceptiveField`,
            one per axis, for each of its inputs, and returns the tuple of its output. Otherwise,
            it is measured if the layer is small.
        stride_product: distance in pixels between the fields of neighboring units, in the same
            format. `None` if all units see the same, as after a dense layer, or if the axes are
            merged into one.
        aligned: whether the branches that meet here have the same stride and center.
        inputs: names of the records that this layer gets its inputs from.
        kernel: size of the window, for example (3, 3); `()` for layers without a window.

    >>> import kerascnn as kc
    >>> c1 = kc.describe(kc.build_lenet5()).layers[1]
    >>> c1.kind, c1.output_shape, c1.parameters
    ('Conv2D', (28, 28, 6), 156)
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


# The columns of a table: heading, text of a record's cell, and the name of the total, if any.
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
# Left out in this order if the terminal is too narrow.
SPARED = ("Stride", "Receptive field", "Activations", "Memory (bytes)", "Kind")
LEFT = ("Layer", "Kind", "Output")  # columns of words; numbers are aligned on the right
FIELDS = {heading: name for (heading, *_cell), name in zip(
    COLUMNS,
    ("name", "kind", "output_shape", "parameters", "macs", "activations", "memory_bytes",
     "receptive_field", "stride_product"),
    strict=True,
)}  # fmt: skip


@dataclass(frozen=True, repr=False)
class Description:
    """The records of a model and their totals, also as tables.

    Attributes:
        name: name of the model.
        layers: one `Layer` for each call of a layer, in the order of computation.
        trainable_parameters: how many of the `parameters` are trainable.
        columns: headings of the columns that tables show.

    >>> import kerascnn as kc
    >>> lenet = kc.describe(kc.build_lenet5())
    >>> lenet.name, len(lenet.layers), lenet.trainable_parameters
    ('lenet5', 9, 61706)
    """

    name: str
    layers: tuple[Layer, ...]
    trainable_parameters: int
    columns: tuple[str, ...] = tuple(heading for heading, *_cell in COLUMNS)

    def select(self, columns: Sequence[str]) -> Description:
        """Return the same description with only these columns in its tables, in this order.

        Args:
            columns: headings, such as "Output" or "memory", or names of fields, such as
                "output_shape".

        Raises:
            ValueError: If a column is unknown, or none is given.

        >>> import kerascnn as kc
        >>> kc.describe(kc.build_lenet5()).select(["layer", "macs"]).to_markdown()[:16]
        '| Layer | MACs |'
        """
        known = {_plain(heading): heading for heading in FIELDS}
        known |= {_plain(heading.partition(" (")[0]): heading for heading in FIELDS}
        known |= {_plain(field): heading for heading, field in FIELDS.items()}
        columns = [columns] if isinstance(columns, str) else list(columns)
        if not columns:
            raise ValueError("columns must contain at least one heading; received none.")
        for column in columns:
            if _plain(column) not in known:
                raise unknown("columns", column, FIELDS)
        return replace(self, columns=tuple(known[_plain(column)] for column in columns))

    @property
    def parameters(self) -> int:
        """Number of trainable and other weights, as in the model's `count_params()`."""
        return sum(r.parameters for r in self.layers)

    @property
    def macs(self) -> int | None:
        """Multiply-adds of all layers; `None` if those of one layer are unknown."""
        return total(r.macs for r in self.layers)

    @property
    def connections(self) -> int | None:
        """Connections, including biases; `None` if those of one layer are unknown."""
        return total(r.connections for r in self.layers)

    @property
    def depth(self) -> int:
        """Layers with weights on the longest path from an input: 16 for VGG16, 22 for GoogLeNet."""
        longest: dict[str, int] = {}
        for r in self.layers:  # each comes after its inputs
            before = max((longest[name] for name in r.inputs), default=0)
            longest[r.name] = before + bool(r.parameters if r.macs is None else r.macs)
        return max(longest.values(), default=0)

    @property
    def activations(self) -> int | None:
        """Number of values in the input and in all outputs; `None` if a size is unknown."""
        return total(r.activations for r in self.layers)

    @property
    def memory_bytes(self) -> int | None:
        """Bytes of these values for one image, forward pass only; `None` if unknown."""
        return total(r.memory_bytes for r in self.layers)

    @property
    def _free(self) -> bool:
        return any(None in r.output_shape for r in self.layers)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the table, one sentence each."""
        notes = [
            _("For one image, forward pass only. MACs: multiply-adds of convolutions and "
              "matrix products.")
        ]  # fmt: skip
        if any(not r.aligned for r in self.layers):
            notes.append(
                _("* The branches that meet here have different centers or strides; the receptive "
                  "field is their union.")
            )  # fmt: skip
        if self._free:
            notes.append(
                _("The input size is variable: pass input_shape for the numbers that depend on it.")
            )
        elif unknown := [r.name for r in self.layers if r.macs is None]:
            notes.append(_("MACs are unknown for: {names}.", names=", ".join(unknown)))
        return tuple(notes)

    def __str__(self) -> str:
        return self.to_text()

    __repr__ = __str__  # so that the interpreter shows a table, too

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield formats.fitting(self.cells(), console, options)

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_text(self, width: int | None = None) -> str:
        """Draw a table for the terminal.

        Args:
            width: width in characters; columns that do not fit are left out. `None` shows all.
        """
        return formats.text(self.cells(), width)

    def to_markdown(self) -> str:
        """Write a table in Markdown."""
        return formats.markdown(self.cells())

    def to_latex(self) -> str:
        """Write a `tabular` in LaTeX, with the rules of the package booktabs."""
        return formats.latex(self.cells())

    def to_csv(self) -> str:
        """Write the fields of the records as comma-separated values, with unformatted numbers.

        All fields are written, or those of the columns chosen by `select`.
        """
        names = [f.name for f in fields(Layer)]
        if self.columns != tuple(FIELDS):
            names = [FIELDS[column] for column in self.columns]
        return formats.csv_text(names, [[getattr(r, name) for name in names] for r in self.layers])

    def to_html(self) -> str:
        """Write an HTML `<table>`."""
        return formats.html(self.cells())

    def to_dataframe(self) -> pandas.DataFrame:
        """Convert to a pandas DataFrame with a row for each record and a column for each field.

        Raises:
            ImportError: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ImportError(
                "to_dataframe needs pandas, which is not installed: pip install pandas."
            ) from None
        return pd.DataFrame([asdict(r) for r in self.layers]).set_index("name")

    def cells(self) -> Cells:
        """Return the table as text: headings, a row for each record, totals."""
        known = {heading: (cell, total) for heading, cell, total in COLUMNS}
        shown = [known[heading] for heading in self.columns]
        totals = [_number(getattr(self, total)) if total else "" for _cell, total in shown]
        if totals and not totals[0]:
            totals[0] = _("Total")
        return Cells(
            title=self.name,
            headings=[_(heading) for heading in self.columns],
            rows=[[cell(r) for cell, _total in shown] for r in self.layers],
            totals=totals,
            notes=self.notes,
            words=[i for i, heading in enumerate(self.columns) if heading in LEFT],
            spared=[self.columns.index(heading) for heading in SPARED if heading in self.columns],
        )


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _axes(value: PerAxis | None) -> str:
    if value is None:
        return "–"
    values = value if isinstance(value, tuple) else (value,)
    return "×".join("–" if v is None else str(v) for v in values)


def _plain(column: str) -> str:
    """Normalize the name of a column: "Memory (bytes)" is "memory_bytes"."""
    return "".join(filter(str.isalnum, column.casefold()))
