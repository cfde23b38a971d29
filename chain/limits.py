"""What a text inside a message may be: the bounds that several rooms share."""

IDENTIFIER_LENGTH_MAX = 256
"""Longest identifier of a model, in characters."""
NODE_ID_LENGTH_MAX = 128
"""Longest identifier of a machine or a batch, in characters."""
ALTERNATIVES_MAX = 256
"""Most alternatives of one model: keeps a resolution's cost bounded."""
ADDRESS_LENGTH_MAX = 90
"""Longest bech32 text, in characters."""
HASH_LENGTH_MAX = 128
"""Longest hash as text, in characters."""
BATCH_NONCES_MAX = 65_536
"""Most nonces that the parameters may let into one message."""
SIGNATURES_MAX = 64
"""Most signatures that the parameters may let into one transaction."""


def is_identifier(text: str, length_max: int) -> bool:
    """Whether a text is 1 to `length_max` printable ASCII characters with no blank at either end.

    Such a text can be part of a key, a file name's source or a log line without surprises.
    """
    return 0 < len(text) <= length_max and text.isascii() and text.isprintable() and text == text.strip()


def is_blank(text: str) -> bool:
    """Whether a text holds nothing but blanks, ends of lines and the like, of ASCII."""
    return not text.strip(" \t\n\r\v\f")


def lower_ascii(text: str) -> str:
    """A text in lower case where it is ASCII; what is not stays as it is."""
    return text.lower() if text.isascii() else text
