"""What makes an amount of money valid."""

import re
from collections.abc import Iterable
from itertools import pairwise

from chain.bank.types import Coin
from chain.errors import ErrInvalidCoins

AMOUNT_MAX = 2**256 - 1
"""Greatest amount, as in Cosmos."""
_DENOM = re.compile(r"[a-zA-Z][a-zA-Z0-9/:._-]{2,127}")
_AMOUNT = re.compile(r"0|[1-9][0-9]{0,77}")


def check_amount(amount: int | str, denom: str) -> int:
    """The amount as a number. Refuses a negative or oversized one, text that is not plain digits, and a
    name that is no denomination.
    """
    if _DENOM.fullmatch(denom) is None:
        raise ErrInvalidCoins(coins=denom[:128], why="a denomination is 3 to 128 letters, digits and /:._-")
    if isinstance(amount, str):
        if _AMOUNT.fullmatch(amount) is None:
            raise ErrInvalidCoins(coins=amount[:80], why="an amount is plain decimal digits")
        amount = int(amount)
    if not 0 <= amount <= AMOUNT_MAX:
        raise ErrInvalidCoins(coins=f"{amount}{denom}", why="an amount is between 0 and 2^256 - 1")
    return amount


def check_coins(coins: Iterable[Coin], what: str) -> tuple[tuple[str, int], ...]:
    """Coins as pairs of denomination and number. Refuses zeros, and denominations unsorted or twice."""
    pairs = tuple((coin.denom, check_amount(coin.amount, coin.denom)) for coin in coins)
    names = [denom for denom, _ in pairs]
    if any(amount == 0 for _, amount in pairs):
        raise ErrInvalidCoins(coins=what, why="an amount is zero")
    if any(left >= right for left, right in pairwise(names)):
        raise ErrInvalidCoins(coins=what, why="denominations are not sorted, or one comes twice")
    return pairs


def text_of_coins(pairs: Iterable[tuple[str, int]]) -> str:
    """Coins as Cosmos writes them: "5umesh,7uother"."""
    return ",".join(f"{amount}{denom}" for denom, amount in pairs)
