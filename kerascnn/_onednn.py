"""Switch on oneDNN's kernels, which TensorFlow uses by itself on some x86 processors only.

Without them, the backward pass to the pixels takes about twice as long (benchmarks/README.md), and
some layers cannot be computed.
"""

import os
import platform
import sys

SWITCH = "TF_ENABLE_ONEDNN_OPTS"  # read by TensorFlow when it is imported
X86 = ("x86_64", "amd64")


def switch_on() -> None:
    """Switch on oneDNN, unless the user has chosen or TensorFlow has been imported."""
    processor = platform.machine().lower()
    if SWITCH not in os.environ and "tensorflow" not in sys.modules and processor in X86:
        os.environ[SWITCH] = "1"


def setting() -> str | None:
    """Describe the setting; `None` if TensorFlow decides by itself."""
    value = os.environ.get(SWITCH)
    if value is None:
        return None
    if value.strip().lower() in ("0", "false"):
        return f"switched off ({SWITCH}={value})"
    return f"switched on ({SWITCH}=0 before the import turns it off)"
