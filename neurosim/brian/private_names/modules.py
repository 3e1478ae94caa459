"""The modules of Brian2 that are used. They have no types."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from importlib import import_module
from typing import Any

from neurosim.brian.private_names.lean_import import import_brian2

import_brian2()

import brian2 as _brian
from brian2.codegen import translation as _translation
from brian2.codegen.runtime.numpy_rt import numpy_rt as _numpy_rt
from brian2.core import base as _base
from brian2.core import clocks as _clocks
from brian2.core import functions as _functions
from brian2.core import namespace as _namespace
from brian2.core import network as _network
from brian2.core import variables as _variables
from brian2.equations import unitcheck as _unitcheck
from brian2.groups import group as _group
from brian2.groups import neurongroup as _neurongroup
from brian2.groups import subgroup as _subgroup
from brian2.parsing import expressions as _expressions
from brian2.stateupdaters import base as _stateupdaters
from brian2.synapses import spikequeue as _spikequeue
from brian2.synapses import synapses as _synapses
from brian2.utils import logger as _logger

base: Any = _base
brian: Any = _brian
clocks: Any = _clocks
expressions: Any = _expressions
functions: Any = _functions
group: Any = _group
logger: Any = _logger
namespace: Any = _namespace
network: Any = _network
neurongroup: Any = _neurongroup
numpy_rt: Any = _numpy_rt
spikequeue: Any = _spikequeue
stateupdaters: Any = _stateupdaters
subgroup: Any = _subgroup
synapses: Any = _synapses
translation: Any = _translation
unitcheck: Any = _unitcheck
variables: Any = _variables
device: Any = import_module("brian2.devices.device")  # the package names its proxy `device`, too
