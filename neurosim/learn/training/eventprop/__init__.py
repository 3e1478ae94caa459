"""Training by EventProp: the gradient of spiking networks by the adjoint equations, from spikes alone."""
