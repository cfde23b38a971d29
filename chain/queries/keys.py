"""What a request may ask for: texts and numbers that can be keys."""

from chain.errors import ErrInvalidRequest
from chain.limits import IDENTIFIER_LENGTH_MAX, is_identifier

UINT64_MAX = 2**64 - 1


def require_name(what: str, text: str) -> str:
    """An identifier or an address; refuses one that is empty, too long or not printable ASCII."""
    if not is_identifier(text, IDENTIFIER_LENGTH_MAX):
        raise ErrInvalidRequest(why=f"{what} is not 1 to {IDENTIFIER_LENGTH_MAX} printable ASCII characters")
    return text


def require_number(what: str, number: int) -> int:
    """A height or an index; refuses a negative one."""
    if not 0 <= number <= UINT64_MAX:
        raise ErrInvalidRequest(why=f"{what} is negative or too large")
    return number
