"""Figures drawn by several processes: the same files, and no figure is lost."""

import pytest

import kerascnn as kc
from kerascnn.figures import _workers

NAMES = ("volume-quiz", "kernel-size", "three-small-kernels")


def chosen(*names):
    return [kc.figures.lecture_figure(name) for name in names]


def test_each_figure_is_drawn_once_and_told():
    begun = []
    results = _workers.drawn_by(2, chosen(*NAMES), list, begun.append)  # list("ab"): ["a", "b"]
    assert {name: files for name, files, error in results if error is None} == {
        name: list(name) for name in NAMES
    }
    assert sorted(one.name for one in begun) == sorted(NAMES)


def test_figures_that_fail_in_a_process_are_told():
    results = list(_workers.drawn_by(2, chosen(*NAMES), int, lambda one: None))
    assert sorted(name for name, files, error in results if not files) == sorted(NAMES)
    assert all("invalid literal" in str(error) for _name, _files, error in results)


def test_long_topics_come_first_and_topics_stay_together():
    names = ("volume-quiz", "lenet5", "deep-dream", "grad-cam", "vgg16-beside-alexnet")
    assert _workers._groups(chosen(*names)) == [
        ["vgg16-beside-alexnet", "lenet5"], ["deep-dream"], ["grad-cam"], ["volume-quiz"],
    ]  # fmt: skip


def test_errors_that_cannot_travel_keep_their_words():
    class OddError(Exception):
        """Local classes cannot be pickled."""

    error = _workers._portable(OddError("no data"))
    assert (type(error), str(error)) == (RuntimeError, "no data")
    assert isinstance(_workers._portable(ValueError("x")), ValueError)


@pytest.mark.slow
def test_two_processes_write_the_same_files(tmp_path):
    names = ("first-layer-filters", "max-pooling", "stride", "overfitting")
    for workers in (1, 2):
        report = kc.figures.draw(names, out=tmp_path / str(workers), workers=workers)
        assert report.failed == {}
        assert report.written == [tmp_path / str(workers) / path.name for path in report.written]
    files = [sorted(path.name for path in (tmp_path / n).iterdir()) for n in "12"]
    assert files[0] == files[1]
    for name in files[0]:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes(), name
