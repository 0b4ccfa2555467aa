import itertools
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from kerascnn.plots import training_curves
from kerascnn.plots._training_curves import label_ends

HISTORY = {
    "accuracy": [0.5, 0.7, 0.8, 0.9],
    "loss": [2.0, 1.0, 0.6, 0.3],
    "val_accuracy": [0.4, 0.6, 0.7, 0.6],
    "val_loss": [2.1, 1.2, 0.9, 1.1],
    "learning_rate": [0.1, 0.1, 0.01, 0.01],
}


def notes(ax):
    return [text.get_text() for text in ax.texts]


def test_one_panel_for_each_metric_loss_first():
    figure = training_curves(HISTORY)
    assert [ax.get_ylabel() for ax in figure.axes] == ["loss", "accuracy"]
    assert all(ax.get_xlabel() == "epoch" for ax in figure.axes)
    loss = figure.axes[0]
    training, validation = loss.lines[0], loss.lines[1]
    assert training.get_xdata().tolist() == [1, 2, 3, 4]
    assert training.get_ydata().tolist() == HISTORY["loss"]
    assert validation.get_ydata().tolist() == HISTORY["val_loss"]


def test_a_table_of_a_run_is_read(tmp_path):
    file = tmp_path / "history.csv"
    rows = zip(*HISTORY.values(), strict=True)
    lines = [",".join(["epoch", *HISTORY])]
    lines += [",".join(map(str, [nth, *row])) for nth, row in enumerate(rows, start=1)]
    file.write_text("\n".join(lines))
    for given in (file, str(file), tmp_path):
        loss = training_curves(given).axes[0]
        assert loss.lines[0].get_ydata().tolist() == HISTORY["loss"]
    with pytest.raises(FileNotFoundError, match=r"there is no .*other\.csv"):
        training_curves(tmp_path / "other.csv")
    file.write_text("epoch,loss\n1,little\n")
    with pytest.raises(ValueError, match="must be a CSV file with a name above each column"):
        training_curves(file)


def test_a_run_knows_its_best_epoch():
    run = SimpleNamespace(history=HISTORY, best_epoch=4)
    assert "best epoch 4" in notes(training_curves(run).axes[0])
    assert "best epoch 3" in notes(training_curves(HISTORY).axes[0])


def test_lines_are_named_at_their_ends():
    ax = training_curves(HISTORY).axes[0]
    ends = {text.get_text(): text.xy for text in ax.texts}
    assert ends["training"] == (4, 0.3)
    assert ends["validation"] == (4, 1.1)
    assert ax.get_legend() is None


def test_names_do_not_overlap_where_lines_end_together():
    same = {"loss": [2.0, 1.0], "val_loss": [2.0, 1.0]}
    figure = training_curves(same)
    figure.canvas.draw()
    names = [t for t in figure.axes[0].texts if t.get_text() in ("training", "validation")]
    first, second = sorted((t.get_window_extent() for t in names), key=lambda box: box.y0)
    assert second.y0 - first.y0 >= 0.9 * first.height


def test_names_of_many_lines_do_not_overlap():
    _figure, ax = plt.subplots()
    lines = [ax.plot([0, 1], [0, end], label=str(end))[0] for end in (3, 1, 1.01, 1.02, 3.01)]
    label_ends(ax, lines)
    ax.figure.canvas.draw()
    boxes = sorted((t.get_window_extent() for t in ax.texts), key=lambda box: box.y0)
    assert [t.get_text() for t in sorted(ax.texts, key=lambda t: t.get_window_extent().y0)] == [
        *("1", "1.01", "1.02", "3", "3.01")
    ]
    assert all(a.y0 + 0.9 * a.height <= b.y0 for a, b in itertools.pairwise(boxes))


def test_best_epoch_is_that_of_the_smallest_validation_loss():
    figure = training_curves(HISTORY)
    for ax, value in zip(figure.axes, (0.9, 0.7), strict=True):
        assert "best epoch 3" in notes(ax)
        (mark,) = (line for line in ax.lines if line.get_label() == "_best")
        assert (mark.get_xdata()[0], mark.get_ydata()[0]) == (3, value)
    assert "best epoch 2" in notes(training_curves(HISTORY, best_epoch=2).axes[0])
    assert not any("best" in note for note in notes(training_curves({"loss": [1, 2]}).axes[0]))


def test_gap_after_the_best_epoch_is_shaded():
    ax = training_curves(HISTORY).axes[0]
    (shade,) = ax.collections
    assert shade.get_paths()[0].vertices[:, 0].min() == 3
    assert not training_curves(HISTORY, gap=False).axes[0].collections


def test_takes_what_fit_returns_and_axes_of_ones_own():
    figure, ax = plt.subplots()
    history = SimpleNamespace(history=HISTORY)
    assert training_curves(history, metrics=["accuracy"], ax=ax) is figure
    assert ax.get_ylabel() == "accuracy"


def test_a_loss_that_diverged_and_a_single_epoch_are_drawn():
    training_curves({"loss": [1.0, np.nan], "val_loss": [np.nan, np.nan]}).canvas.draw()
    ax = training_curves({"loss": [1.0]}).axes[0]
    assert ax.lines[0].get_marker() == "o"


@pytest.mark.parametrize(
    ("history", "options", "error", "message"),
    [
        ({}, {}, ValueError, "at least one"),
        ({"loss": []}, {}, ValueError, "one epoch"),
        ({"loss": [1, 2], "val_loss": [1]}, {}, ValueError, "lengths"),
        (HISTORY, {"metrics": ["acuracy"]}, ValueError, "Did you mean 'accuracy'"),
        (HISTORY, {"best_epoch": 5}, ValueError, "1 … 4"),
        ([1, 2], {}, TypeError, "dict"),
    ],
)
def test_bad_input(history, options, error, message):
    with pytest.raises(error, match=message):
        training_curves(history, **options)


def test_too_few_axes():
    with pytest.raises(ValueError, match="one Axes for each of loss, accuracy"):
        training_curves(HISTORY, ax=plt.subplots()[1])


def test_names_at_the_ends_of_lines_are_not_cut_without_a_style():
    history = {"loss": [1, 0.5], "val_loss": [1, 0.7], "accuracy": [0, 1], "val_accuracy": [0, 0]}
    figure = training_curves(history)
    figure.canvas.draw()
    texts = [text for panel in figure.axes for text in panel.texts]
    assert len(texts) >= 4
    for text in texts:
        box = text.get_window_extent()
        assert box.x0 >= 0, text.get_text()
        assert box.x1 <= figure.bbox.width, text.get_text()
    left, right = (panel.get_tightbbox() for panel in figure.axes)
    assert left.x1 <= right.x0
    plt.close(figure)
