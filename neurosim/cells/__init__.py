"""Ready cells: functions that return `Neurons` with the text and the constants of a published model.

Every function takes the name and the shape of the population. Each constant (with its unit), each start value
and each part of the text may be given instead of the default: `cells.lif("cells", 100, tau=10*ms,
v=ns.normal(-65*mV, 2*mV))`. `print(cells.lif("x", 1).equations)` shows the text.
"""

from .adex_clopath import adex_clopath as adex_clopath
from .gated import gru as gru
from .gated import lstm as lstm
from .gated import peephole_lstm as peephole_lstm
from .glif import glif as glif
from .norms import batch_norm as batch_norm
from .norms import layer_norm as layer_norm
from .rate import leaky_tanh as leaky_tanh
from .rate import unit as unit
from .spiking import adex as adex
from .spiking import hodgkin_huxley as hodgkin_huxley
from .spiking import izhikevich as izhikevich
from .spiking import lif as lif
from .spiking import lif_alpha as lif_alpha
from .spiking import lif_conductance as lif_conductance
from .spiking import lif_exponential as lif_exponential
from .spiking import lif_nmda as lif_nmda
from .spiking import traub_miles as traub_miles
from .stochastic import categorical as categorical
from .stochastic import glauber_binary as glauber_binary
from .stochastic import poisson as poisson
from .stochastic import stochastic_binary as stochastic_binary
from .stochastic import threshold_binary as threshold_binary
