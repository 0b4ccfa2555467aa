"""Compare `kerascnn.visualize` with plain tapes and passes of TensorFlow on random networks.

    python scripts/fuzz_visualize.py --seed 0 --minutes 60

Networks contain some 60 kinds of layers. They can be nested, share layers, have several inputs and
outputs, end in softmax, sigmoid or linear scores, and compute in single or half precision. `Plain`
computes them layer by layer in single precision, and the papers' equations are computed from that,
with a tape, or with a forward pass for each hidden patch. A method may raise a one-line error; the
number of errors and warnings of each kind is printed at the end. A disagreement is only reported if
it occurs with three sets of images, since some images are close to a kink, and not if `Plain` in
half precision agrees, which rounds differences away, makes maxima equal and overflows. `--one N`
runs a single network again, with all methods.
"""

import argparse
import faulthandler
import re
import sys
import time
import traceback
import warnings
from collections import Counter

import keras
import numpy as np
import tensorflow as tf
from _fuzz.case import Case, FindingError
from _fuzz.methods import METHODS, SkipError
from _fuzz.methods.common import disagreement

TRIES = 3  # sets of images
OURS = r"(model|images|input|layer|target|units?|loss|channels|size|TensorFlow cannot compute) "


def refusal(error):
    """Return the kind of an error: its message without names and numbers."""
    line = str(error)
    if not isinstance(error, (ValueError, TypeError, NotImplementedError)):
        raise FindingError(traceback.format_exc()) from None
    if "\n" in line or len(line) > 700 or not re.match(OURS, line):
        raise FindingError(f"not one of our one-line errors: {traceback.format_exc()}") from None
    line = re.sub(r"'[^']*'", "'…'", line)
    line = re.sub(r"\d[\d.e+-]*", "9", line)
    return re.sub(r"('…'(, | and | or )?)+", "'…' ", line)


def check(case, method, counts, verbose):
    """Compare one method.

    Raises:
        FindingError: If it disagrees with the plain computation.
    """
    wrong = None
    for attempt in range(TRIES):
        if attempt:
            case.draw_images()
        drawn = case.rng.bit_generator.state
        wrong = compared(case, method, counts, verbose)
        if wrong and case.half:
            case.rng.bit_generator.state = drawn  # the same options
            case.rounded = True
            wrong = compared(case, method, Counter(), verbose)
            case.rounded = False
        if wrong is None:
            return
    raise FindingError(wrong)


def compared(case, method, counts, verbose):
    """Return how a method disagrees with the plain computation; `None` if it does not.

    Raises:
        FindingError: If the plain computation fails, or an error does not have one line.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", module="keras")
        try:
            pairs = METHODS[method](case)
        except FindingError:
            raise
        except SkipError as skip:
            counts[f"{method}: skipped, {skip}"] += 1
            return None
        except Exception as error:
            inside = "kerascnn" in "".join(traceback.format_tb(error.__traceback__))
            if not inside:
                raise FindingError(f"the plain computation: {traceback.format_exc()}") from None
            counts[f"{method}: error: {refusal(error)}"] += 1
            if verbose:
                print(f"    {method}: {error}")
            return None
    for each in said:
        line = re.sub(r"('[^']*'(, | and )?)+", "'…' ", str(each.message))
        counts[f"{method}: warns: {line[:300]}"] += 1
    for what, ours, theirs in pairs:
        if wrong := disagreement(what, ours, theirs, case.half):
            return wrong
    counts[f"{method}: agrees" + " in half" * case.half] += 1
    return None


def run(seed, counts, *, every, only=None):
    """Return the findings for one network, and its description."""
    # Some networks turn fusion off for the process; others must be compared with it.
    tf.config.optimizer.set_experimental_options({"remapping": True})
    case = Case(seed)
    weights = case.model.get_weights()
    counts.update({type(s.operation).__name__ for s in case.net.steps if s})
    names = list(METHODS)
    if not every:
        names = [str(n) for n in case.rng.choice(names, 4, replace=False)]
    if only:
        names = [only]
    findings = []
    for name in names:
        try:
            check(case, name, counts, every)
        except FindingError as finding:
            findings.append(f"{name}: {finding}")
    now = case.model.get_weights()
    if not all(np.array_equal(a, b) for a, b in zip(weights, now, strict=True)):
        findings.append("the model's weights have changed")
    words = [*case.net.words, f"ends {case.net.ends} as {case.net.structure}, {case.policy}"]
    return findings, [*words, f"target: {case.kind} {case.target if case.kind == 'one' else ''}"]


def main():
    """Look for disagreements until the time is up; the exit status is 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help="seed of the first network")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--one", type=int, help="run only the network with this seed")
    parser.add_argument("--method", help="run only this method")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="keras")
    faulthandler.enable()
    counts, wrong, end = Counter(), 0, time.monotonic() + 60 * options.minutes
    seed, one = options.seed, options.one is not None
    while True:
        seed = options.one if one else seed
        if seed % 20 == 0:
            keras.backend.clear_session()
        print(f"seed {seed}", end="\r", file=sys.stderr, flush=True)  # in case the process dies
        try:
            findings, words = run(seed, counts, every=one, only=options.method)
        except SkipError as skip:
            counts[f"skipped, {skip}"] += 1
            findings, words = [], []
        except Exception:
            findings, words = [traceback.format_exc()], []
        if findings or one:
            print(f"seed {seed}:", *findings, *words, sep="\n  ", flush=True)
            wrong += bool(findings)
        seed += 1
        if one or time.monotonic() > end:
            break
    print(f"{seed - options.seed if not one else 1} networks, {wrong} with findings")
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name}")
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
