"""Run experiments with their own settings and keep what they measure, for the package to show.

    python scripts/record_experiments.py permuted_pixels --data-dir DIR

Without names all are run, which takes hours. DIR holds mnist.npz and cifar10_jpeg.npz; without
--data-dir the data comes from KERASCNN_DATA or Keras's download.
"""

import argparse
import inspect

from kerascnn.experiments import _experiment


def main():
    """Run and write, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--data-dir", help="a folder with mnist.npz and cifar10_jpeg.npz")
    options = parser.parse_args()
    for name in options.names or _experiment.names():
        run = _experiment.find(name)
        takes = inspect.signature(run).parameters
        result = run(**({"data_dir": options.data_dir} if "data_dir" in takes else {}))
        path = _experiment.RECORDS / f"{name}.json"
        path.write_text(result.to_json(), "utf-8")
        print(f"{result!r}: {path}", flush=True)


if __name__ == "__main__":
    main()
