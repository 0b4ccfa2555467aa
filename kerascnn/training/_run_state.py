"""The state of a run that the callbacks share."""

from dataclasses import dataclass, field


@dataclass
class Progress:
    """The state of a run that Keras's callbacks would forget.

    Attributes:
        epochs: complete epochs.
        batch: complete batches of the epoch after them.
        history: a list per column, with a value per complete epoch.
        best: best value of the monitored column.
        best_epoch: its epoch, counted from 1.
        plateau: state of the plateau schedule.
    """

    epochs: int = 0
    batch: int = 0
    history: dict[str, list[float]] = field(default_factory=dict)
    best: float | None = None
    best_epoch: int = 0
    plateau: dict = field(default_factory=dict)

    def __str__(self) -> str:
        if self.batch:
            return f"epoch {self.epochs + 1}, step {self.batch}"
        return f"epoch {self.epochs}"


@dataclass
class Lengths:
    """Numbers of batches; those of a stream are only known when its last batch arrives.

    Attributes:
        steps: batches of an epoch, or `None`.
        validation_steps: batches of a validation stream, or `None`.
    """

    steps: int | None = None
    validation_steps: int | None = None
