"""Results and their records: what was measured comes back, with the settings that it had."""

import importlib.util
import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib import pyplot as plt

import kerascnn as kc
from kerascnn import cli
from kerascnn.experiments import _experiment
from kerascnn.figures import _material, _registry

SCRIPT = Path(__file__).parents[2] / "scripts" / "record_experiments.py"


@pytest.fixture
def tiny(monkeypatch):
    """An experiment that gives how often it ran; for one test."""
    _experiment.experiments()  # the package's own come first
    monkeypatch.setattr(_experiment, "_experiments", dict(_experiment._experiments))
    runs = []

    @_experiment.experiment
    def tiny(*, factor: float = 2, seeds: tuple = (0, 1), data_dir=None, verbose="auto") -> dict:
        """Multiply."""
        runs.append(data_dir)
        return {"runs": [len(runs)], "values": [[factor * seed for seed in seeds]], "words": ["a"]}

    monkeypatch.setattr(kc.experiments, "tiny", tiny, raising=False)
    tiny.runs = runs
    return tiny


@pytest.fixture
def records(tmp_path, monkeypatch):
    """An empty folder for records."""
    monkeypatch.setattr(_experiment, "RECORDS", tmp_path)
    return tmp_path


def result_of(**arrays):
    arrays = {key: np.asarray(values) for key, values in arrays.items()}
    return kc.experiments.Result("it", arrays, {"epochs": 1}, 12.34, {"device": "an abacus"})


def there_and_back(**arrays):
    return kc.experiments.Result.from_json(result_of(**arrays).to_json())


# -- results ------------------------------------------------------------------------------------


def test_arrays_by_name():
    result = result_of(accuracy=[[0.5, 1.0]], nets=["MLP"])
    np.testing.assert_array_equal(result["accuracy"], [[0.5, 1.0]])
    with pytest.raises(ValueError, match=r"array must be one of 'accuracy', 'nets'.*Did you mean"):
        result["acuracy"]
    assert repr(result) == "<Result of it: accuracy (1, 2), nets (1,); 12 s>"


def test_a_record_keeps_five_digits():
    values = [0.123456789, 123456.7, 1.0, 1e-9 / 3, -2 / 3]
    back = there_and_back(values=values, single=np.float32(0.1), half=np.float16([0.1]))
    np.testing.assert_array_equal(back["values"], [0.12346, 123460.0, 1.0, 3.3333e-10, -0.66667])
    assert back["single"] == 0.1
    assert back["half"] == [0.099976]  # what float16 has


def test_whole_numbers_words_and_truths_stay_what_they_are():
    back = there_and_back(
        counts=[123_456_789, 2], words=[["MLP", "LeNet-5"], ["가", "ñ"]], word="one", yes=[True]
    )
    assert back["counts"].dtype.kind == "i"
    assert back["counts"].tolist() == [123_456_789, 2]
    assert back["words"].tolist() == [["MLP", "LeNet-5"], ["가", "ñ"]]
    assert back["word"].item() == "one"
    assert back["yes"].dtype == bool


def test_what_is_no_number_is_nan():
    nan = float("nan")
    back = there_and_back(
        some=[[nan, 1.5], [np.inf, -np.inf]], none=[None, 3], all=[nan, nan], first=[None, "word"]
    )
    np.testing.assert_array_equal(back["some"], [[nan, 1.5], [nan, nan]])
    np.testing.assert_array_equal(back["none"], [nan, 3])
    np.testing.assert_array_equal(back["all"], [nan, nan])
    assert back["first"].tolist() == [None, "word"]  # not among numbers


def test_a_record_is_json_that_any_program_reads():
    def refuse(name):
        raise AssertionError(name)  # NaN and Infinity are not JSON

    record = result_of(values=[[1, np.nan]], words=["a"]).to_json()
    assert json.loads(record, parse_constant=refuse) == {
        "name": "it",
        "settings": {"epochs": 1},
        "seconds": 12.3,
        "machine": {"device": "an abacus"},
        "arrays": {"values": [[1.0, None]], "words": ["a"]},
    }
    assert kc.experiments.Result.from_json(record).to_json() == record


# -- running ------------------------------------------------------------------------------------


def test_an_experiment_gives_its_result(tiny):
    result = tiny(factor=3, data_dir="/somewhere", verbose=False)
    np.testing.assert_array_equal(result["values"], [[0, 3]])
    assert (result.name, result.settings) == ("tiny", {"factor": 3, "seeds": [0, 1]})
    assert 0 <= result.seconds < 1
    assert tiny.__doc__ == "Multiply."
    assert tiny.__annotations__["return"] is kc.experiments.Result


def test_settings_are_those_of_the_record(tiny):
    result = tiny(factor=np.float64(0.5), seeds=range(2))
    assert result.settings == {"factor": 0.5, "seeds": [0, 1]}
    assert kc.experiments.Result.from_json(result.to_json()).settings == result.settings


def test_the_machine_says_with_what_and_when():
    machine = kc.experiments.machine()
    assert set(machine) >= {"date", "processor", "device", "python", "keras"}
    assert all(isinstance(value, str) and value for value in machine.values())


@pytest.mark.parametrize("function", [kc.experiments.recorded, _experiment.find])
def test_unknown_names(function):
    with pytest.raises(ValueError, match="Did you mean 'permuted_pixels'"):
        function("permuted_pixel")


def test_no_record_is_said_in_one_line(tiny, records):
    with pytest.raises(
        OSError, match=r"'tiny' must have been recorded; .* run .*tiny\(\)"
    ) as error:
        kc.experiments.recorded("tiny")
    assert "\n" not in str(error.value)


def test_names_do_not_depend_on_what_was_used_first(monkeypatch):
    names = kc.experiments.names()
    backwards = dict(reversed(_experiment.experiments().items()))
    monkeypatch.setattr(_experiment, "_experiments", backwards)
    assert kc.experiments.names() == names == sorted(names)


# -- the experiments of the package -------------------------------------------------------------


LARGE = {"clever_hans": 35_000, "alexnet_recipe": 35_000}  # bytes: heatmaps, many curves


@pytest.mark.parametrize("name", kc.experiments.names())
class TestEach:
    """What holds for every experiment."""

    def test_it_is_public(self, name):
        run = getattr(kc.experiments, name)
        assert run is _experiment.find(name)
        assert name in kc.experiments.__all__
        for part in ("\n\n", "Args:", "Returns:"):
            assert part in run.__doc__
        kinds = {argument.kind for argument in inspect.signature(run).parameters.values()}
        assert kinds == {inspect.Parameter.KEYWORD_ONLY}

    def test_its_record_is_small_and_has_its_own_settings(self, name):
        record = kc.experiments.recorded(name)
        defaults = {
            key: argument.default
            for key, argument in inspect.signature(_experiment.find(name)).parameters.items()
            if key not in _experiment.ELSEWHERE
        }
        assert record.settings == json.loads(json.dumps(defaults))
        assert record.name == name
        assert record.seconds > 0
        assert set(record.machine) >= {"date", "processor", "device", "python", "keras"}
        assert (_experiment.RECORDS / f"{name}.json").stat().st_size < LARGE.get(name, 20_000)


SEEDS = (3, 3, 4)
FEW = {"data": "digits", "images": 20, "epochs": 1}
ONCE = {"tested": 500, "shifts": (0,), "rotations": (0,), "scales": (1,), "distortions": (0,)}
SEEDED = {  # arguments, and an array with the axis of its seeds; others in the experiment's file
    "alexnet_recipe": (
        FEW
        | {"data": "shapes", "validation": 5, "recipes": ("whole recipe",)}
        | {"batch_size": 20, "search_epochs": 1, "rates": (0.01,)},
        "val_loss",
        1,
    ),
    "permuted_pixels": (FEW, "accuracy", 2),
    "stride_or_pooling": (FEW | {"tests": 5}, "accuracy", 1),
    "training_set_size": (FEW, "total_variation", 1),
    "transfer_learning": (FEW | {"tests": 5, "counts": (2,), "steps": 1}, "accuracy", 2),
    "transformed_digits": (FEW | ONCE, "shift", 1),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n == "alexnet_recipe" else n for n in SEEDED],
)
def test_a_seed_gives_the_same_run_and_another_another(name, feigned):
    """Training itself repeats, as is tested of what the experiments train by."""
    arguments, key, axis = SEEDED[name]
    result = getattr(kc.experiments, name)(**arguments, seeds=SEEDS)
    assert result[key].shape[axis] == len(SEEDS)
    first, again, other = np.moveaxis(result[key], axis, 0)
    np.testing.assert_array_equal(again, first)
    assert np.any(other != first)


# -- figures of experiments ---------------------------------------------------------------------


@pytest.fixture
def drawn(tiny, records, monkeypatch):
    """Two figures of the tiny experiment, one in steps; the record says that it never ran."""
    kc.figures.lecture_figures()
    monkeypatch.setattr(_registry, "_figures", dict(_registry._figures))
    record = tiny().to_json().replace('"runs": [1]', '"runs": [0]')
    (records / "tiny.json").write_text(record, "utf-8")
    tiny.runs.clear()

    def tiny_steps(step=None):
        """Draw a number."""
        fig = plt.figure()
        fig.suptitle(f"run {_material.measured('tiny')['runs'][0]:.0f}")
        return fig

    def tiny_whole():
        """Draw it, too."""
        return tiny_steps()

    kc.figures.figure(title="Tiny", alt="A number.", rows=("A1",), frames=2)(tiny_steps)
    kc.figures.figure(title="Tiny", alt="A number.", rows=("A1",))(tiny_whole)
    return tiny


def test_a_figure_draws_the_record(drawn):
    assert kc.figures.render("tiny-whole").get_suptitle() == "run 0"
    assert drawn.runs == []


def test_a_figure_can_run_it_anew(drawn):
    assert kc.figures.render("tiny-whole", rerun=True).get_suptitle() == "run 1"
    assert kc.figures.render("tiny-whole", rerun=True).get_suptitle() == "run 2"
    assert kc.figures.render("tiny-whole").get_suptitle() == "run 0"  # not for longer than asked


def test_figures_that_are_drawn_together_share_a_run(drawn, tmp_path):
    names = ["tiny-steps", "tiny-whole"]
    report = kc.figures.draw(names, out=tmp_path / "new", formats="svg", rerun=True)
    assert report.failed == {}
    assert len(drawn.runs) == 1
    kc.figures.draw(names, out=tmp_path / "old", formats="svg")
    assert len(drawn.runs) == 1


@pytest.mark.parametrize(("options", "runs"), [((), 0), (("--rerun",), 1)])
def test_the_command_line_can_run_it_anew(drawn, options, runs, tmp_path):
    arguments = ["figures", "tiny-whole", "--format", "svg", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(cli.main, [*arguments, *options])
    assert result.exit_code == 0, result.output
    assert len(drawn.runs) == runs


def test_how_it_was_measured(tiny):
    result = result_of()
    result.machine.update(date="2026-01-31", processor="an abacus")
    words = _material.how_measured(result)
    assert words == "Measured on 2026-01-31 in 0.21 min on an abacus."  # 12.34 s


# -- the script that records ----------------------------------------------------------------------


@pytest.fixture
def script(monkeypatch):
    """Call the script with arguments."""
    monkeypatch.syspath_prepend(SCRIPT.parent)  # as Python does for a script
    spec = importlib.util.spec_from_file_location("record_experiments", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def call(*arguments):
        monkeypatch.setattr("sys.argv", [str(SCRIPT), *arguments])
        module.main()

    return call


def test_the_script_keeps_a_record(script, tiny, records, capsys):
    script("tiny", "--data-dir", "/somewhere")
    assert tiny.runs == ["/somewhere"]
    record = kc.experiments.recorded("tiny")
    assert record.settings == {"factor": 2, "seeds": [0, 1]}
    np.testing.assert_array_equal(record["values"], [[0, 2]])
    assert str(records / "tiny.json") in capsys.readouterr().out


def test_the_script_knows_the_names(script, tiny, records):
    with pytest.raises(ValueError, match="Did you mean 'tiny'"):
        script("tinny")
    assert list(records.iterdir()) == []


SMALL = {"data": "digits", "images": 50}


@pytest.mark.parametrize(
    ("name", "arguments", "line"),
    [
        ("permuted_pixels", {"seeds": ()}, "seeds must be a non-empty list"),
        ("permuted_pixels", {"seeds": 3}, "seeds must be a non-empty list"),
        (
            "activation_functions",
            {"seeds": (-1,)},
            "seeds must be a whole number of at least 0; received -1",
        ),
        ("stride_or_pooling", {"seeds": (1.5,)}, "seeds must be a whole number"),
        ("overfitting", {"images": -1}, "images must be a whole number of at least 1; received -1"),
        ("overfitting", {"images": 10**6}, "images must be at most 719"),
        ("transformed_digits", {"tested": 0}, "tested must be a whole number of at least 1"),
        ("alexnet_recipe", {"recipes": ("no dropuot",)}, "Did you mean 'no dropout'"),
        ("throughput", {"nets": "LeNet-5"}, "nets must be a non-empty list"),
        ("training_set_size", {"parts": (1, 0)}, "parts must be above 0 and at most 1; received 0"),
        (
            "training_set_size",
            {**SMALL, "shown": 10},
            "shown must be a class, from 0 to 9; received 10",
        ),
        ("transformed_digits", {"scales": (1, 0.0)}, r"scales must be above 0; received 0\.0"),
        ("transformed_digits", {**SMALL, "tested": 9, "shown": 11}, "shown must be a class of the"),
        ("gradient_norms", {"depths": (20, 21)}, "depths must be among 20, .*; received 21"),
        ("degradation", {"depths": (56, 57)}, "depths must be among 20, .*; received 57"),
        ("degradation", {"data": "digits", "size": 16}, "size must be a divisor of 28, the size"),
        (
            "alexnet_recipe",
            {"rates": (0.01, 0.0)},
            r"rates must be above 0; received \(0\.01, 0\.0",
        ),
        ("activation_functions", {"rates": (float("nan"),)}, "rates must be above 0; received"),
        ("alexnet_recipe", {"data": "digits", "size": 5}, "size must be a divisor of 28, the size"),
        (
            "alexnet_recipe",
            {"data": "digits", "size": 7, "images": 999},
            "images must be at most 719",
        ),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_computed(name, arguments, line):
    with pytest.raises((TypeError, ValueError), match=line):
        getattr(kc.experiments, name)(**arguments)


def test_a_result_says_what_it_holds():
    result = kc.experiments.recorded("permuted_pixels")
    assert list(result) == ["accuracy", "nets", "pixels"]
    assert "accuracy" in result
    assert "loss" not in result
