"""Pictures of recordings and networks, drawn with matplotlib: one call each, which returns the axes."""

from .cell import cell as cell
from .diagram import diagram as diagram
from .raster import raster as raster
from .traces import traces as traces
from .u_matrix import u_matrix as u_matrix
from .weights import weights as weights
