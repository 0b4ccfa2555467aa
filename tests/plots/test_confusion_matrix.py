from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from kerascnn import plots
from kerascnn.plots import confusion_matrix

MATRIX = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])  # the third class never comes


def numbers(ax):
    return {
        (int(text.get_position()[1]), int(text.get_position()[0])): text.get_text()
        for text in ax.texts
    }


def names(labels):
    return [label.get_text() for label in labels]


def test_rows_are_true_columns_predicted():
    ax = confusion_matrix(MATRIX, ["cat", "dog", "bird"])
    assert numbers(ax) == {(0, 0): "8", (0, 1): "2", (1, 0): "1", (1, 1): "9"}
    np.testing.assert_array_equal(ax.images[0].get_array(), MATRIX)
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true class", "predicted class")
    assert names(ax.get_xticklabels()) == names(ax.get_yticklabels()) == ["cat", "dog", "bird"]
    assert ax.get_yticks().tolist() == [0.5, 1.5, 2.5]
    assert ax.yaxis_inverted()
    assert ax.child_axes[0].get_ylabel() == "images"


@pytest.mark.parametrize(
    ("normalize", "shares", "label"),
    [
        ("true", {(0, 0): "80.0", (0, 1): "20.0", (1, 0): "10.0", (1, 1): "90.0"}, "true class"),
        ("pred", {(0, 0): "88.9", (0, 1): "18.2", (1, 0): "11.1", (1, 1): "81.8"}, "predicted"),
        ("all", {(0, 0): "40.0", (0, 1): "10.0", (1, 0): "5.0", (1, 1): "45.0"}, "all images"),
    ],
)
def test_shares(normalize, shares, label):
    ax = confusion_matrix(MATRIX, normalize=normalize)
    assert numbers(ax) == shares
    assert label in ax.child_axes[0].get_ylabel()
    assert names(ax.get_xticklabels()) == ["0", "1", "2"]


def test_an_evaluation_is_taken():
    found = SimpleNamespace(confusion=MATRIX[:2, :2], class_names=("cat", "dog"))
    assert names(confusion_matrix(found).get_xticklabels()) == ["cat", "dog"]
    assert names(confusion_matrix(found, ["Katze", "Hund"]).get_xticklabels()) == ["Katze", "Hund"]


def test_agrees_with_scikit_learn(rng):
    from sklearn.metrics import confusion_matrix as counted

    true, predicted = rng.integers(0, 4, (2, 200))
    for normalize in ("true", "pred", "all"):
        ax = confusion_matrix(counted(true, predicted), normalize=normalize)
        expected = counted(true, predicted, normalize=normalize)
        np.testing.assert_allclose(ax.images[0].get_array(), expected)


def test_shares_that_are_given_are_written_as_they_are():
    assert numbers(confusion_matrix([[0.975, 0.025], [0, 1]]))[0, 1] == "0.025"


def test_a_few_errors_can_be_seen_beside_many_hits():
    image = confusion_matrix([[1000, 10], [0, 1000]]).images[0]
    none, few, all_ = image.to_rgba([0, 10, 1000])[:, 0]  # red: from 1 down to 0
    assert none == 1
    assert 0.02 < none - few < none - all_


@pytest.mark.parametrize("style", plots.styles())
def test_numbers_can_be_read_on_their_cells(style):
    with plots.style(style):
        ax = confusion_matrix(np.arange(1, 50).reshape(7, 7))
        for text in ax.texts:
            cell = ax.images[0].to_rgba(float(text.get_text()))[:3]
            ink = {"black": 0.0, "white": 1.0}[text.get_color()]
            light, dark = sorted((_luminance(cell), ink), reverse=True)
            assert (light + 0.05) / (dark + 0.05) > 4.5  # WCAG 2, AA


def _luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


def test_up_to_thirty_classes_have_numbers():
    assert confusion_matrix(np.ones((30, 30))).texts
    assert not confusion_matrix(np.ones((31, 31))).texts
    assert confusion_matrix(np.ones((31, 31)), numbers=True).texts
    assert not confusion_matrix(MATRIX, numbers=False).texts


def test_names_of_any_number_of_classes_fit(look, overlapping):
    for classes in {"slides": (2, 100), "paper": (10, 100)}.get(look[0], (2, 10)):
        ax = confusion_matrix(
            np.eye(classes), [f"class number {i}" for i in range(classes)], normalize="true"
        )
        assert list(overlapping(ax.figure)) == []
        assert len(ax.get_yticks()) == classes
        assert min(label.get_fontsize() for label in ax.get_yticklabels()) >= 5


def test_in_axes_that_are_too_small_some_names_are_left_out(overlapping):
    figure, axes = plt.subplots(1, 3, layout="constrained")
    ax = confusion_matrix(np.eye(100), ax=axes[1])
    assert ax is axes[1]
    every = np.diff(ax.get_yticks())
    assert every.min() == every.max() > 1
    assert names(ax.get_yticklabels())[1] == str(int(every[0]))
    assert list(overlapping(figure)) == []


def test_nothing_but_zeros_is_drawn():
    ax = confusion_matrix(np.zeros((2, 2)), normalize="all")
    ax.figure.canvas.draw()
    assert not ax.texts


@pytest.mark.parametrize(
    ("matrix", "options", "message"),
    [
        (np.zeros((2, 3)), {}, r"square, \(K, K\); received shape \(2, 3\)"),
        ([[1, -1], [0, 1]], {}, "0 or more"),
        ([[np.nan]], {}, "NaN"),
        (MATRIX, {"class_names": ["a"]}, "one for each of 3 classes; received 1"),
        (MATRIX, {"class_names": "abc"}, "one for each of 3 classes; received 1"),
        (MATRIX, {"normalize": "predicted"}, "'true', 'pred', 'all'"),
    ],
)
def test_bad_input(matrix, options, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(matrix, **options)


@pytest.mark.parametrize("run", ["runs/one", Path("runs/one"), SimpleNamespace(history={})])
def test_a_run_keeps_no_predictions(run):
    with pytest.raises(TypeError, match=r"keeps no predictions\. Pass .*evaluate\(") as caught:
        confusion_matrix(run)
    assert "\n" not in str(caught.value)
    assert "runs/one" in str(caught.value) or "history" in str(caught.value)


def test_texts_and_things_are_no_numbers():
    for values, words in (
        ([["a"]], "received <U1"),
        (object(), "received object"),
        ({"a": 1}, "received dict"),
    ):
        with pytest.raises(TypeError, match=f"matrix must be an array of numbers .*{words}"):
            confusion_matrix(values)
    with pytest.raises(TypeError, match=r"images must be an array of numbers .*the text 'a.png'"):
        plots.image_grid("a.png")
