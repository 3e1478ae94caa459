"""The stages of the neural compiler, from a Pascal program to neurons; `models/neural_compiler.py` runs them.

source -> `lexer`: words -> `parser`, `expressions`: parse tree (`tree`) -> `inlining`: the tree without calls
-> `macros`: cellular code (`cellular`) -> `development`: cells that divide -> `neurons` -> `network`.
"""

from neurosim.models.pascal.cellular import Code
from neurosim.models.pascal.macros import cellular_code
from neurosim.models.pascal.network import check_end, connected
from neurosim.models.pascal.neurons import Neuron, develop
from neurosim.models.pascal.parser import parse

__all__ = ["Code", "Neuron", "cellular_code", "check_end", "connected", "develop", "parse"]
