"""Run experiments with their default settings, and record the results in the package.

    python scripts/record_experiments.py permuted_pixels --data-dir DIR

Without names, all experiments are run, which takes hours. DIR contains mnist.npz and
cifar10_jpeg.npz; without --data-dir, the data are read from KERASCNN_DATA or downloaded by Keras.
Deep networks take a quarter of the time on a processor with matrix units:

    KERAS_BACKEND=torch python scripts/record_experiments.py degradation --precision mixed_bfloat16
"""

import argparse
import inspect

from _torch import quicken

from kerascnn.experiments import _experiment


def main():
    """Run the experiments, and write each record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--data-dir", help="a folder with mnist.npz and cifar10_jpeg.npz")
    parser.add_argument("--precision", help="a dtype policy, for the experiments that take one")
    options = parser.parse_args()
    quicken()
    for name in options.names or _experiment.names():
        run = _experiment.find(name)
        takes = inspect.signature(run).parameters
        given = {"data_dir": options.data_dir, "precision": options.precision}
        result = run(**{name: value for name, value in given.items() if name in takes})
        path = _experiment.RECORDS / f"{name}.json"
        path.write_text(result.to_json(), "utf-8")
        print(f"{result!r}: {path}", flush=True)


if __name__ == "__main__":
    main()
