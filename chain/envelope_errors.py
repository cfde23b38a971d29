"""Refusals of the envelope - signatures, sequence, fee, gas - numbered as every Cosmos chain has them, and
what every refusal is. All refusals of the chain are found through `chain.errors`.
"""


class Refusal(Exception):
    """A request that was refused. Nothing but the signer's sequence and the fee has changed."""

    codespace = "inference"
    code = 1
    says = "refused"

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        super().__init__(self.says.format(**fields))

    @property
    def reason(self) -> str:
        """Stable name of the error."""
        return type(self).__name__


class SdkRefusal(Refusal):
    """A transaction that does not get past the ante, numbered as in the Cosmos SDK."""

    codespace = "sdk"


class ErrTxDecode(SdkRefusal):
    code, says = 2, "transaction cannot be decoded: {why}"


class ErrUnauthorized(SdkRefusal):
    code, says = 4, "signature verification failed for {address}: {why}"


class ErrInsufficientFunds(SdkRefusal):
    code, says = 5, "{address} has {have}{denom}, needs {need}{denom}"


class ErrUnknownRequest(SdkRefusal):
    code, says = 6, "unknown request: {what}"


class ErrInvalidAddress(SdkRefusal):
    code, says = 7, "{address!r} is not an address: {why}"


class ErrInvalidPubKey(SdkRefusal):
    code, says = 8, "public key of {address}: {why}"


class ErrUnknownAddress(SdkRefusal):
    code, says = 9, "account {address} does not exist; send coins to it first"


class ErrInvalidCoins(SdkRefusal):
    code, says = 10, "{coins!r} is not a valid amount: {why}"


class ErrOutOfGas(SdkRefusal):
    code, says = 11, "out of gas: {gas_wanted} wanted, {gas_used} needed"


class ErrMemoTooLarge(SdkRefusal):
    code, says = 12, "memo has {length} characters, at most {limit}"


class ErrTooManySignatures(SdkRefusal):
    code, says = 14, "{count} signatures, at most {limit}"


class ErrNoSignatures(SdkRefusal):
    code, says = 15, "no signatures"


class ErrInvalidRequest(SdkRefusal):
    code, says = 18, "invalid request: {why}"


class ErrTxInMempoolCache(SdkRefusal):
    code, says = 19, "transaction {hash} is waiting for a block already"


class ErrMempoolFull(SdkRefusal):
    code, says = 20, "{count} transactions wait for a block, at most {limit}; try again after the next block"


class ErrTxTooLarge(SdkRefusal):
    code, says = 21, "transaction has {size} bytes, at most {limit}"


class ErrKeyNotFound(SdkRefusal):
    code, says = 22, "{what} not found"


class ErrInvalidGasLimit(SdkRefusal):
    code, says = 41, "gas limit {gas_limit} is not valid"


class ErrTxTimeout(SdkRefusal):
    code, says = 42, "transaction has expired: {why}"


class ErrTxTimeoutHeight(SdkRefusal):
    code, says = 30, "transaction was good until height {timeout_height}, this is {height}"


class ErrWrongSequence(SdkRefusal):
    code, says = 32, "account sequence mismatch, expected {expected}, got {got}: incorrect account sequence"


class ErrNotSupported(SdkRefusal):
    code, says = 37, "not supported: {what}"


class ErrPanic(SdkRefusal):
    code, says = 111222, "the transaction failed inside the machine: {what}"
