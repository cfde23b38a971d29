"""The front door: the `meshkeeper` command, and the local network for a first look. No rule of any part."""

__version__ = "0.1.0"
