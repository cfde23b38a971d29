"""The host of models: several llama.cpp models inside one memory budget."""
