"""videoctl: builds, watches, fails over and rehearses a two-region AWS video-analytics platform."""

__version__ = "0.1.0"
