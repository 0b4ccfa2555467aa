from ._load import load as load
from ._load import resolve as resolve
from ._shipped import ShippedSet as ShippedSet
from ._shipped import available as available
