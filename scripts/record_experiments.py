"""Run experiments with their own settings and keep what they measure, for the package to show.

    python scripts/record_experiments.py permuted_pixels --data-dir DIR

Without names all are run, which takes hours. DIR holds mnist.npz and cifar10_jpeg.npz; without
--data-dir the data comes from KERASCNN_DATA or Keras's download. Deep nets take a quarter of the
time on a processor with matrix units:

    KERAS_BACKEND=torch python scripts/record_experiments.py degradation --precision mixed_bfloat16
"""

import argparse
import inspect

from _torch import quicken

from kerascnn.experiments import _experiment


def main():
    """Run and write, one after the other."""
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
