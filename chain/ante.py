"""What every transaction must satisfy before its messages are looked at, in Cosmos's order.

1. it is not too large, and its memo not too long
2. its timeouts are not over; an unordered one follows its own rules
3. gas for its size
4. the fee, taken from its payer
5. the signers' public keys, learnt where they are new
6. not too many signatures, and gas for each
7. the signatures and sequences
8. the sequences are counted up, or the unordered nonce is used

What fails here leaves nothing behind. What fails later keeps the fee and the sequence.
"""

from dataclasses import dataclass, field
from enum import Enum

from chain.auth.addresses import FEE_COLLECTOR, address_of, decode_address
from chain.auth.keeper import Accounts
from chain.auth.signatures import is_public_key
from chain.bank.keeper import Bank
from chain.bank.rules import check_coins, text_of_coins
from chain.context import NS_PER_S, Context
from chain.envelope import open_public_key, sign_bytes
from chain.errors import (
    ErrBlockFull,
    ErrInvalidGasLimit,
    ErrInvalidPubKey,
    ErrInvalidRequest,
    ErrMemoTooLarge,
    ErrNoSignatures,
    ErrNotSupported,
    ErrOutOfGas,
    ErrTooManySignatures,
    ErrTxTimeout,
    ErrTxTimeoutHeight,
    ErrTxTooLarge,
    ErrUnauthorized,
    ErrWrongSequence,
)
from chain.params import Params
from chain.records import replace
from chain.tx import SignerInfo, Timestamp, Tx

GAS_LIMIT_MAX = 2**63 - 1
UNORDERED_TIMEOUT_NS_MAX = 600 * NS_PER_S
"""How far ahead of block time the timeout of an unordered transaction may lie: ten minutes, as in Cosmos."""
SIGN_MODE_DIRECT = 1


class Mode(Enum):
    """Why a transaction is looked at."""

    CHECK = "check"
    """It has just come in."""
    RECHECK = "recheck"
    """It waited while a block went by; its signatures were verified when it came in."""
    DELIVER = "deliver"
    """It is in a block."""
    SIMULATE = "simulate"
    """Its gas is wanted; signatures are not verified and gas is not limited."""


class GasMeter:
    """Counts gas, up to a limit of its transaction and one of its block."""

    def __init__(self, limit: int | None, block_limit: int | None = None) -> None:
        self.limit = limit
        self.block_limit = block_limit
        self.used = 0

    def consume(self, gas: int) -> None:
        """Counts gas. Refuses when it becomes more than a limit, the transaction's first."""
        self.used += gas
        if self.limit is not None and self.used > self.limit:
            raise ErrOutOfGas(gas_wanted=self.limit, gas_used=self.used)
        if self.block_limit is not None and self.used > self.block_limit:
            raise ErrBlockFull(gas_left=self.block_limit)


@dataclass(slots=True)
class Ante:
    """One transaction on its way through the ante."""

    ctx: Context
    tx: Tx
    mode: Mode
    params: Params
    accounts: Accounts
    bank: Bank
    gas: GasMeter = field(default_factory=lambda: GasMeter(None))


def run_ante(ante: Ante) -> None:
    """Runs every step. The first that refuses ends it."""
    for step in STEPS:
        step(ante)


def _check_size(ante: Ante) -> None:
    limit = ante.params.auth.max_tx_bytes
    if ante.tx.size > limit:
        raise ErrTxTooLarge(size=ante.tx.size, limit=limit)
    for signer in ante.tx.signers:
        decode_address(signer)


def _check_gas_limit(ante: Ante) -> None:
    gas_limit, of_block = ante.tx.auth_info.fee.gas_limit, ante.params.auth.max_block_gas or GAS_LIMIT_MAX
    if gas_limit > GAS_LIMIT_MAX:
        raise ErrInvalidGasLimit(gas_limit=gas_limit)
    ante.gas.limit = of_block if ante.mode is Mode.SIMULATE else min(gas_limit, of_block)


def _check_memo(ante: Ante) -> None:
    limit = ante.params.auth.max_memo_characters
    if len(ante.tx.body.memo) > limit:
        raise ErrMemoTooLarge(length=len(ante.tx.body.memo), limit=limit)


def _check_timeouts(ante: Ante) -> None:
    body, ctx = ante.tx.body, ante.ctx
    if 0 < body.timeout_height < ctx.height:
        raise ErrTxTimeoutHeight(timeout_height=body.timeout_height, height=ctx.height)
    if body.timeout_timestamp is not None and _nanoseconds(body.timeout_timestamp) <= ctx.time_ns:
        raise ErrTxTimeout(why="its timeout_timestamp is not after block time")


def _check_unordered(ante: Ante) -> None:
    body = ante.tx.body
    if not body.unordered:
        return
    if body.timeout_timestamp is None:
        raise ErrInvalidRequest(why="an unordered transaction needs a timeout_timestamp")
    if any(info.sequence for info in ante.tx.auth_info.signer_infos):
        raise ErrInvalidRequest(why="the sequence of an unordered transaction is 0")
    if _nanoseconds(body.timeout_timestamp) > ante.ctx.time_ns + UNORDERED_TIMEOUT_NS_MAX:
        raise ErrInvalidRequest(why="timeout_timestamp lies more than ten minutes ahead of block time")


def _consume_size_gas(ante: Ante) -> None:
    ante.gas.consume(ante.tx.size * ante.params.auth.tx_size_cost_per_byte)


def _deduct_fee(ante: Ante) -> None:
    fee = ante.tx.auth_info.fee
    if fee.granter:
        raise ErrNotSupported(what="fee granters; leave granter empty")
    payer = fee.payer or ante.tx.signers[0]
    ante.accounts.get_account(ante.ctx, payer)
    pairs = check_coins(fee.amount, "fee")
    for denom, amount in pairs:
        ante.bank.send_coins_from_account_to_module(ante.ctx, payer, FEE_COLLECTOR, amount, denom)
    ante.ctx.emit("tx", fee=text_of_coins(pairs), fee_payer=payer)


def _set_public_keys(ante: Ante) -> None:
    for address, info in _signers(ante):
        account = ante.accounts.get_account(ante.ctx, address)
        if info.public_key is None:
            if not account.key_type and ante.mode is not Mode.SIMULATE:
                raise ErrInvalidPubKey(address=address, why="none is given and none is known")
            continue
        key_type, public_key = open_public_key(info.public_key, address)
        if (key_type, public_key) == (account.key_type, account.public_key):
            continue
        if not is_public_key(key_type, public_key):
            raise ErrInvalidPubKey(address=address, why=f"it is no {key_type} key")
        if account.key_type or address_of(key_type, public_key) != address:
            raise ErrInvalidPubKey(address=address, why="it belongs to another address")
        account = replace(account, key_type=key_type, public_key=public_key)
        ante.accounts.set_account(ante.ctx, account)


def _check_signature_count(ante: Ante) -> None:
    signatures, limit = ante.tx.raw.signatures, ante.params.auth.tx_sig_limit
    if not signatures and ante.mode is not Mode.SIMULATE:
        raise ErrNoSignatures()
    if len(signatures) > limit:
        raise ErrTooManySignatures(count=len(signatures), limit=limit)
    ante.gas.consume(len(ante.tx.signers) * ante.params.auth.sig_verify_cost)


def _verify_signatures(ante: Ante) -> None:
    signers, signatures = _signers(ante), ante.tx.raw.signatures
    if ante.mode is Mode.SIMULATE:
        signatures = (*signatures, *(b"" for _ in signers))[: len(signers)]
    if len(signatures) != len(signers):
        why = f"{len(signatures)} signatures for {len(signers)} signers"
        raise ErrUnauthorized(address=ante.tx.signers[0], why=why)
    for (address, info), signature in zip(signers, signatures, strict=True):
        _verify_signature(ante, address, info, signature)


def _verify_signature(ante: Ante, address: str, info: SignerInfo, signature: bytes) -> None:
    account = ante.accounts.get_account(ante.ctx, address)
    if info.mode_info.single is None or info.mode_info.single.mode != SIGN_MODE_DIRECT:
        raise ErrNotSupported(what="sign modes other than SIGN_MODE_DIRECT, and multisignatures")
    if not ante.tx.body.unordered and info.sequence != account.sequence:
        raise ErrWrongSequence(expected=account.sequence, got=info.sequence)
    if ante.mode in (Mode.RECHECK, Mode.SIMULATE):
        return
    message = sign_bytes(ante.tx.raw, ante.ctx.header.chain_id, account.account_number)
    if not ante.accounts.verify_by(account, message, signature):
        why = f"check account number {account.account_number} and chain {ante.ctx.header.chain_id!r}"
        raise ErrUnauthorized(address=address, why=why)


def _increment_sequences(ante: Ante) -> None:
    body = ante.tx.body
    for address in ante.tx.signers:
        if body.unordered and body.timeout_timestamp is not None:
            ante.accounts.use_unordered_nonce(ante.ctx, address, _nanoseconds(body.timeout_timestamp))
        else:
            ante.accounts.increment_sequence(ante.ctx, address)


STEPS = (
    _check_size,
    _check_gas_limit,
    _check_memo,
    _check_timeouts,
    _check_unordered,
    _consume_size_gas,
    _deduct_fee,
    _set_public_keys,
    _check_signature_count,
    _verify_signatures,
    _increment_sequences,
)


def _signers(ante: Ante) -> list[tuple[str, SignerInfo]]:
    infos = ante.tx.auth_info.signer_infos
    if len(infos) != len(ante.tx.signers):
        why = f"{len(infos)} signer_infos for {len(ante.tx.signers)} signers"
        raise ErrUnauthorized(address=ante.tx.signers[0], why=why)
    return list(zip(ante.tx.signers, infos, strict=True))


def _nanoseconds(timestamp: Timestamp) -> int:
    return timestamp.seconds * NS_PER_S + timestamp.nanos
