"""The classes of Brian2 that scripts, and Brian2 itself, make objects of."""

from __future__ import annotations

from typing import Any, TypeAlias

from neurosim.brian.private_names import modules

BrianObject: TypeAlias = Any
"""An object of Brian2: a group, a monitor, or one of the code runners that they consist of."""
Variable: TypeAlias = Any
"""What a name in text means to Brian2: an array, a constant, a subexpression or a function."""

RuntimeDevice: Any = modules.device.RuntimeDevice
all_devices: dict[str, Any] = modules.device.all_devices
SpikeQueue: Any = modules.spikequeue.SpikeQueue
Network: Any = modules.network.Network
TextReport: Any = modules.network.TextReport
BrianObjectException: Any = modules.base.BrianObjectException
prefs: Any = modules.brian.prefs
log: Any = modules.logger.get_logger("neurosim.brian")

NeuronGroup: Any = modules.brian.NeuronGroup
PoissonGroup: Any = modules.brian.PoissonGroup
SpikeGeneratorGroup: Any = modules.brian.SpikeGeneratorGroup
PoissonInput: Any = modules.brian.PoissonInput
NetworkOperation: Any = modules.brian.NetworkOperation
Subgroup: Any = modules.subgroup.Subgroup
Synapses: Any = modules.brian.Synapses
SpikeMonitor: Any = modules.brian.SpikeMonitor
EventMonitor: Any = modules.brian.EventMonitor
StateMonitor: Any = modules.brian.StateMonitor
PopulationRateMonitor: Any = modules.brian.PopulationRateMonitor

CodeRunner: Any = modules.group.CodeRunner
NeuronStateUpdater: Any = modules.neurongroup.StateUpdater
SubexpressionUpdater: Any = modules.neurongroup.SubexpressionUpdater
Thresholder: Any = modules.neurongroup.Thresholder
Resetter: Any = modules.neurongroup.Resetter
SynapseStateUpdater: Any = modules.synapses.StateUpdater
SummedVariableUpdater: Any = modules.synapses.SummedVariableUpdater
SynapticPathway: Any = modules.synapses.SynapticPathway

ArrayVariable: Any = modules.variables.ArrayVariable
AuxiliaryVariable: Any = modules.variables.AuxiliaryVariable
Constant: Any = modules.variables.Constant
Subexpression: Any = modules.variables.Subexpression
Function: Any = modules.functions.Function
TimedArray: Any = modules.brian.TimedArray
BinomialFunction: Any = modules.brian.BinomialFunction
UnsupportedEquations: Any = modules.stateupdaters.UnsupportedEquationsException
