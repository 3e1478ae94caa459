"""Ready synapses: functions that return `Synapses` with the text and the constants of a published model.

Every function takes the two populations and `to`, the port or variable of the target that arrivals are added
to. Arguments of `Synapses` (`wiring`, `weight`, `delay`, `name` ...) and constants may be given as well:
`synapses.pair_stdp(cells, cells, "ge", w_max=1*nS, weight=0.5*nS, tau_plus=17*ms)`. `.model`, `.on_pre` and
`.on_post` of what they return show the text.
"""

from .homeostasis import scaling as scaling
from .reward import reward_stdp as reward_stdp
from .short_term import depressing as depressing
from .short_term import facilitating as facilitating
from .stdp import pair_stdp as pair_stdp
from .stdp import triplet_stdp as triplet_stdp
from .transmission import gap_junction as gap_junction
from .transmission import nmda as nmda
from .voltage import voltage_stdp as voltage_stdp
