"""Brian2 scripts on the engines of neurosim.

After `import neurosim.brian`, Brian2's own `set_device("neurosim")` lets a script run here: Brian2 sets the
network up, `run` becomes a plan, and what the run leaves stands in Brian2's objects.

    import neurosim.brian
    from brian2 import *
    set_device("neurosim")
"""

from neurosim.brian.description import to_inputs as to_inputs
from neurosim.brian.description import to_network as to_network
from neurosim.brian.device import NeurosimDevice
from neurosim.brian.private_names import all_devices

all_devices["neurosim"] = NeurosimDevice()
