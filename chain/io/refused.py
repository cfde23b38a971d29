"""What goes wrong outside the machine, told to the operator in one sentence."""


class Refused(Exception):
    """Something that the operator has to put right. Its text is the whole message."""
