"""What goes wrong outside the machine, told to the operator in one sentence."""


class Refused(Exception):
    """Something that the operator has to put right. Its text is the whole message."""


class GenesisRefused(Refused):
    """A genesis document that cannot be used, in one sentence for the operator."""


def first_line(error: Exception) -> str:
    """What a library says is wrong, without what it adds on further lines."""
    return str(error).partition("\n")[0].rstrip(".")
