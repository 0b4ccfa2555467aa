from ._deck import FORMATS as FORMATS
from ._deck import Deck as Deck
from ._deck import deck as deck
from ._formulas import Formula as Formula
