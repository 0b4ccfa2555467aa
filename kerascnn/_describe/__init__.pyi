from .describe_model import WHOLE as WHOLE
from .describe_model import describe as describe
from .describe_model import passes_on as passes_on
from .describe_model import receptive_fields as receptive_fields
from .records import Description as Description
from .records import Layer as Layer
