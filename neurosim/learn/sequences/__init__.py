"""Learning from time series and from sequences of symbols, and generating them."""
