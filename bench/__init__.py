"""Benchmarks: one for each bar, ratios taken within one run; `make bench` writes the results."""
