"""The host of models: several llama.cpp models inside one memory budget."""

__version__ = "0.1.0"
