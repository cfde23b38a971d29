"""The state machine: models, nodes, epochs, proof of compute, inferences and collateral, block by block."""

__version__ = "0.1.0"
