from .cochlea import cochlea as cochlea
from .encodings import latency as latency
from .encodings import poisson as poisson
from .encodings import regular as regular
from .estimators import NetworkTransformer as NetworkTransformer
from .features import features as features
from .liquid import fading_memory as fading_memory
from .liquid import separation as separation
from .liquid import spike_distance as spike_distance
from .reservoir import generalization_rank as generalization_rank
from .reservoir import kernel_quality as kernel_quality
from .reservoir import memory_capacity as memory_capacity
from .stability import (
    effective_spectral_radius as effective_spectral_radius,
)
from .stability import (
    free_run as free_run,
)
from .stability import (
    jacobian as jacobian,
)
from .stability import (
    lyapunov_exponent as lyapunov_exponent,
)
