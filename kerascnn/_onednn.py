"""Switch on oneDNN's kernels, which TensorFlow enables by default on some x86 processors only.

Without them, the backward pass to the pixels takes about twice as long (benchmarks/README.md), and
some layers cannot be computed.
"""

import os
import platform
import sys
from functools import cache

SWITCH = "TF_ENABLE_ONEDNN_OPTS"  # read by TensorFlow when it is imported
X86 = ("x86_64", "amd64")
ON = f"switched on ({SWITCH}=0 before the import turns it off)"


def is_off() -> bool:
    """Return whether the user has switched oneDNN off."""
    return os.environ.get(SWITCH, "").strip().lower() in ("0", "false")


@cache
def switch_on() -> str | None:
    """Switch on oneDNN, unless the user has chosen or TensorFlow has been imported.

    Returns:
        A description of the setting, which stays; `None` if TensorFlow decides by itself.
    """
    value = os.environ.get(SWITCH)
    if value is not None:
        return f"switched off ({SWITCH}={value})" if is_off() else ON
    if platform.machine().lower() not in X86:
        return None
    if "tensorflow" in sys.modules:
        return "left to TensorFlow, which was imported before kerascnn"
    os.environ[SWITCH] = "1"
    return ON
