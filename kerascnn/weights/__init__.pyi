from ._load import load as load, resolve as resolve
from ._shipped import ShippedSet as ShippedSet, available as available
