"""The daemon of one participant: it keeps nodes doing what they should, and answers requests."""

__version__ = "0.1.0"
