"""Who on the internet can become which identity in your clouds, proved by a token."""

__version__ = "0.1.0"
