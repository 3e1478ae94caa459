"""An echo state network forecasts the chaotic Mackey-Glass series.

Its readout is learned while the series is forced on `out`. It then becomes the synapses from `pool` to `out`,
and the network runs on its own, with its own forecast as feedback.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from neurosim import tasks
from neurosim.learn import EchoStateRegressor

TRAIN, DROP = 3000, 1000  # ticks of training, and how many of them are dropped at the beginning
FORCED = 1000  # ticks in which the network is forced before each forecast


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, default=1000)
    parser.add_argument(
        "--starts", type=int, default=100, help="number of points in the series from which forecasts start"
    )
    parser.add_argument("--horizon", type=int, default=600, help="how many ticks are forecast, at least 84")
    parser.add_argument("--seed", type=int, default=1, help="of the network")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    if args.horizon < 84:
        parser.error("--horizon: the error is taken at tick 84, so give at least 84")
    series = tasks.mackey_glass(TRAIN + args.starts * (FORCED + args.horizon), seed=0)
    squashed = np.tanh(series - 1)

    network = EchoStateRegressor(
        args.neurons,
        density=10 / args.neurons,
        radius=0.95,
        leak=0.7,
        bias_scale=0.2,
        feedback_scale=1.0,
        washout=DROP,
        alpha=1e-16,
        fit_intercept=False,
        random_state=args.seed,
    ).fit(None, squashed[:TRAIN])
    trials = squashed[TRAIN:].reshape(args.starts, -1)  # (trial, tick)
    forecast = network.forecast(args.horizon, trials[:, :FORCED, None])[..., 0]
    forecast = np.arctanh(np.clip(forecast, -0.999, 0.999)) + 1
    truth = series[TRAIN:].reshape(args.starts, -1)[:, FORCED:]

    error = np.abs(forecast - truth) / np.std(series)  # (start, tick)
    nrmse = np.sqrt(np.mean(error[:, 83] ** 2))
    print(f"NRMSE84 over {args.starts} starts: {nrmse:.2e} = 10^{np.log10(nrmse):.2f}")
    draw(forecast, truth, error, args.figure)
    return nrmse, error


def draw(forecast, truth, error, path):
    """The first forecast beside the series, and how the errors of all forecasts grow."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(9, 6), sharex=True, layout="constrained")
    ticks = np.arange(1, truth.shape[1] + 1)
    above.plot(ticks, truth[0], color="0.7", linewidth=4, label="Mackey-Glass series")
    above.plot(ticks, forecast[0], color="#0072B2", linewidth=1.2, label="the network on its own")
    above.set(ylabel="x", ylim=(0.1, 1.4), title="forecast from the first start")
    above.legend(loc="lower left", ncols=2)
    low, middle, high = np.quantile(error, (0.1, 0.5, 0.9), axis=0)
    below.fill_between(ticks, low, high, color="#0072B2", alpha=0.2, linewidth=0, label="8 of 10 starts")
    below.semilogy(ticks, middle, color="#0072B2", label="median")
    below.axvline(84, color="0.5", linestyle=":")
    below.set(
        xlabel="ticks after the last forced one", ylabel="|error| / standard deviation", xlim=(0, len(ticks))
    )
    below.legend(loc="lower right")
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
