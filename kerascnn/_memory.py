"""Make the C library keep large buffers from one step of a computation to the next.

glibc returns buffers of 32 MB or more to the kernel as soon as they are freed. The next step
allocates them again, and the kernel fills each page with zeros first, which can take up to half of
the time for convolutions on a CPU. Results do not change.
"""

import ctypes
import os
from functools import cache

SWITCH = "KERASCNN_KEEP_MEMORY"  # "0" turns it off
# From glibc's malloc.h; users can set the values in the environment.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
LARGEST = 2**31 - 1  # the largest C int
TOP_PAD = 64 * 2**20  # bytes requested at once
CHOSEN = (
    "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_",
)  # fmt: skip
OTHERS = ("jemalloc", "tcmalloc", "mimalloc")  # allocators that are preloaded


@cache
def keep_buffers() -> str | None:
    """Keep free memory for the rest of the process, unless the user has chosen otherwise.

    Returns:
        A description of the setting; `None` if the C library is not glibc.
    """
    if not is_glibc():
        return None
    if os.environ.get(SWITCH, "").strip().lower() in ("0", "false", "no", "off"):
        return f"large buffers are returned to the system after each step ({SWITCH}=0)"
    if chosen := choice_of_the_user():
        return f"as set by {chosen}"
    mallopt = ctypes.CDLL(None).mallopt
    settings = ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, LARGEST), (M_TOP_PAD, TOP_PAD))
    if not all(mallopt(name, value) for name, value in settings):
        return "large buffers are returned to the system after each step (mallopt failed)"
    return f"large buffers are kept for the next step ({SWITCH}=0 turns it off)"


def is_glibc() -> bool:
    """Return whether the C library of this process is glibc."""
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError, OSError):  # Windows; macOS; musl
        return False


def choice_of_the_user() -> str | None:
    """Return the environment variable with which the user has configured memory allocation."""
    for name in CHOSEN:
        if name in os.environ:
            return name
    if "glibc.malloc." in os.environ.get("GLIBC_TUNABLES", ""):
        return "GLIBC_TUNABLES"
    preloaded = os.environ.get("LD_PRELOAD", "")
    return "LD_PRELOAD" if any(name in preloaded for name in OTHERS) else None
