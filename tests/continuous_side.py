"""Networks of leaky integrate-and-fire neurons with exponential currents, solved in continuous time."""

import heapq

import numpy as np
from scipy.optimize import brentq


class Cell:
    """tau dv/dt = current - v, tau_s dcurrent/dt = -current; a spike at v = 1, then v = 0."""

    def __init__(self, tau, tau_s, refractory, spikes=True):
        self.tau, self.tau_s, self.refractory, self.spikes = tau, tau_s, refractory, spikes
        self.now, self.free, self.v, self.current = 0.0, 0.0, 0.0, 0.0

    def at(self, t):
        """v and the current at a later time at which nothing else has arrived."""
        current = self.current * np.exp(-(t - self.now) / self.tau_s)
        if t <= self.free:
            return 0.0 if self.spikes else self.v, current
        begin = max(self.now, self.free)
        first, s = self.current * np.exp(-(begin - self.now) / self.tau_s), t - begin
        response = self.tau_s / (self.tau - self.tau_s) * (np.exp(-s / self.tau) - np.exp(-s / self.tau_s))
        return self.v * np.exp(-s / self.tau) + first * response, current

    def go_to(self, t):
        """Let time pass; a refractory neuron keeps v = 0."""
        self.v, self.current = self.at(t)
        self.now = t

    def next_spike(self, until):
        """The time of the next spike before `until`, if nothing arrives until then; None if there is none."""
        begin = max(self.now, self.free)
        if not self.spikes or begin >= until:
            return None
        times = np.linspace(begin, until, 200)
        first = self.current * np.exp(-(begin - self.now) / self.tau_s)
        decay, fast = np.exp(-(times - begin) / self.tau), np.exp(-(times - begin) / self.tau_s)
        v = self.v * decay + first * self.tau_s / (self.tau - self.tau_s) * (decay - fast)
        above = np.flatnonzero(v > 1.0)
        if not above.size:
            return None
        return brentq(lambda t: self.at(t)[0] - 1.0, times[above[0] - 1], times[above[0]], xtol=1e-13)


def run(cells, inputs, arrivals, end):
    """Run until `end`; returns the spikes (time, neuron) of the cells.

    inputs: (time, sender) of input spikes.
    arrivals: by sender, (delay, target, weight) of its synapses; cells are the senders 0, 1, ...
    """
    queue, spikes = [], []
    for time, sender in inputs:
        for delay, target, weight in arrivals[sender]:
            heapq.heappush(queue, (time + delay, target, weight))
    while True:
        stop = min(queue[0][0] if queue else end, end)
        found = [(t, n) for n, cell in enumerate(cells) if (t := cell.next_spike(stop)) is not None]
        if found:
            time, n = min(found)
            cells[n].go_to(time)
            cells[n].v, cells[n].free = 0.0, time + cells[n].refractory
            spikes.append((time, n))
            for delay, target, weight in arrivals[n]:
                heapq.heappush(queue, (time + delay, target, weight))
        elif queue and queue[0][0] < end:
            time, target, weight = heapq.heappop(queue)
            cells[target].go_to(time)
            cells[target].current += weight
        else:
            for cell in cells:
                cell.go_to(end)
            return spikes
