"""A model server on loopback that says what a script tells it to, in both providers' dialects.

With it the real command-line tools run end to end without a model.
"""

from tests.model_server.script import Bill, Break, Fail, Say, Stall, Step, UseTool
from tests.model_server.server import ModelServer

__all__ = ["Bill", "Break", "Fail", "ModelServer", "Say", "Stall", "Step", "UseTool"]
