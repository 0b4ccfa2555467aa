"""What happens at the beginning and end of epochs and steps, one concern per file.

`RandomStates` and `LearningRate` prepare an epoch. `FiniteLoss` stops at NaN. `StreamEnd` stops at
the last batch of a stream. `Record` keeps the history, `Saves` the run directory, and `Stops`
handles Ctrl-C. They run in this order, before the callbacks of the user.
"""

from .callback_list import CallbackList
from .finite_loss import FiniteLoss
from .learning_rate import LearningRate
from .random_states import RandomStates
from .record import Record
from .saves import Saves
from .stops import Interruption, Stops
from .stream_end import StreamEnd

__all__ = [
    "CallbackList",
    "FiniteLoss",
    "Interruption",
    "LearningRate",
    "RandomStates",
    "Record",
    "Saves",
    "Stops",
    "StreamEnd",
]
