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
        name: the layer's name; inside a nested model "model/layer".
        kind: the name of its class, for example "Conv2D".
        output_shape: shape of its output without the batch; `None` where a size is not known.
        parameters: trainable and other weights; counted at the first call of a shared layer.
        macs: multiply-adds of convolutions and matrix products, those of attention and of
            recurrent layers too (FLOPs are twice as many), 0 for layers that have none, `None`
            where no rule is known. A layer of your own counts its own: give it a method
            `macs(input_shapes, output_shape)`, shapes with the batch.
        connections: as LeCun et al. 1998 count them: MACs, and one for the bias of each output;
            likewise a method `connections` of the layer. `None` for recurrent layers.
        activations: number of values that it computes: those of its output; 0 for layers that
            pass on another's, as Flatten, Reshape and, at inference, Dropout.
        memory_bytes: their size in the type in which the layer computes; forward pass only.
        receptive_field: pixels of the input that a unit sees, one number, or (height, width)
            where they differ, in the order of the input's axes; for branches that meet, their
            union. Where units see more or less by their position, that of the one that sees most.
            `None` where it is not known, and where nothing is seen that has pixels. A layer of
            your own can say what it sees with a method `receptive_field(fields)`: from one tuple
            of `arithmetic.ReceptiveField`, an axis each, for each of its inputs to the tuple of
            its output. Without it, it is measured where the layer is small.
        stride_product: pixels between the fields of neighbours; likewise. `None` where all units
            see the same, as behind a dense layer, and where the axes are merged into one.
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
# Left out in this order where a terminal is too narrow.
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
    """The records of a model, their totals, and tables of both.

    Attributes:
        name: the model's name.
        layers: one `Layer` for each call of a layer, in the order of computation.
        trainable_parameters: how many of `parameters` are trained.
        columns: the headings that tables show.
    """

    name: str
    layers: tuple[Layer, ...]
    trainable_parameters: int
    columns: tuple[str, ...] = tuple(heading for heading, *_cell in COLUMNS)

    def select(self, columns: Sequence[str]) -> Description:
        """The same description with some of its columns in tables, in this order.

        Args:
            columns: headings, such as "Output" or "memory", or names of fields, such as
                "output_shape".

        Raises:
            ValueError: there is no such column.

        >>> import kerascnn as kc
        >>> kc.describe(kc.build_lenet5()).select(["layer", "macs"]).to_markdown()[:16]
        '| Layer | MACs |'
        """
        known = {_plain(heading): heading for heading in FIELDS}
        known |= {_plain(heading.partition(" (")[0]): heading for heading in FIELDS}
        known |= {_plain(field): heading for heading, field in FIELDS.items()}
        for column in columns:
            if _plain(column) not in known:
                raise unknown("columns", column, FIELDS)
        return replace(self, columns=tuple(known[_plain(column)] for column in columns))

    @property
    def parameters(self) -> int:
        """Trainable and other weights: the model's `count_params()`."""
        return sum(r.parameters for r in self.layers)

    @property
    def macs(self) -> int | None:
        """Multiply-adds of all layers; `None` where a size or rule is not known of one."""
        return total(r.macs for r in self.layers)

    @property
    def connections(self) -> int | None:
        """Connections, biases included; `None` where a size or rule is not known."""
        return total(r.connections for r in self.layers)

    @property
    def depth(self) -> int:
        """Layers with weights on the longest way from an input: 16 for VGG16, 22 for GoogLeNet."""
        longest: dict[str, int] = {}
        for r in self.layers:  # each stands after those that feed it
            before = max((longest[name] for name in r.inputs), default=0)
            longest[r.name] = before + bool(r.parameters if r.macs is None else r.macs)
        return max(longest.values(), default=0)

    @property
    def activations(self) -> int | None:
        """Values that all layers compute, and the input's; `None` where a size is not known."""
        return total(r.activations for r in self.layers)

    @property
    def memory_bytes(self) -> int | None:
        """Bytes of these values for one image, forward pass only; `None` where not known."""
        return total(r.memory_bytes for r in self.layers)

    @property
    def _free(self) -> bool:
        return any(None in r.output_shape for r in self.layers)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the table must know, a sentence each."""
        notes = [
            _("For one image, forward pass only. MACs: multiply-adds of convolutions and "
              "matrix products.")
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
            notes.append(_("MACs are not known of: {names}.", names=", ".join(unknown)))
        return tuple(notes)

    def __str__(self) -> str:
        return self.to_text()

    __repr__ = __str__  # a table at the prompt too

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield formats.fitting(self.cells(), console, options)

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_text(self, width: int | None = None) -> str:
        """Draw a table for the terminal.

        Args:
            width: in characters; columns that do not fit are left out. `None`: all columns.
        """
        return formats.text(self.cells(), width)

    def to_markdown(self) -> str:
        """Write a table in Markdown."""
        return formats.markdown(self.cells())

    def to_latex(self) -> str:
        """Write a `tabular` with the rules of the LaTeX package booktabs."""
        return formats.latex(self.cells())

    def to_csv(self) -> str:
        """Write comma-separated values: the records' fields, numbers as they are.

        All fields, or those of the columns that `select` chose.
        """
        names = [f.name for f in fields(Layer)]
        if self.columns != tuple(FIELDS):
            names = [FIELDS[column] for column in self.columns]
        return formats.csv_text(names, [[getattr(r, name) for name in names] for r in self.layers])

    def to_html(self) -> str:
        """Write a `<table>`."""
        return formats.html(self.cells())

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

    def cells(self) -> Cells:
        """The table as text: headings, a row for each record, totals."""
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
    """A column's name without case and signs: "Memory (bytes)" is "memory_bytes"."""
    return "".join(filter(str.isalnum, column.casefold()))
