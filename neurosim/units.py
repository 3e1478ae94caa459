"""Brian2's own units, imported without the rest of Brian2: `from neurosim.units import ms, mV`."""

from neurosim.brian2_units import import_units as _import_units

_import_units()

from brian2.units import Hz as Hz
from brian2.units import MHz as MHz
from brian2.units import Mohm as Mohm
from brian2.units import Quantity as Quantity
from brian2.units import amp as amp
from brian2.units import cm as cm
from brian2.units import farad as farad
from brian2.units import kHz as kHz
from brian2.units import metre as metre
from brian2.units import mm as mm
from brian2.units import mmolar as mmolar
from brian2.units import molar as molar
from brian2.units import mS as mS
from brian2.units import ms as ms
from brian2.units import msiemens as msiemens
from brian2.units import mV as mV
from brian2.units import nA as nA
from brian2.units import nF as nF
from brian2.units import nS as nS
from brian2.units import ohm as ohm
from brian2.units import pA as pA
from brian2.units import pF as pF
from brian2.units import second as second
from brian2.units import siemens as siemens
from brian2.units import uA as uA
from brian2.units import uF as uF
from brian2.units import um as um
from brian2.units import umolar as umolar
from brian2.units import uS as uS
from brian2.units import us as us
from brian2.units import volt as volt
