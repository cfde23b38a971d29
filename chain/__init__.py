"""The state machine: models, nodes, epochs, proof of compute, inferences and collateral, block by block."""
