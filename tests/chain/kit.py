"""What the chain's tests share: signers, transactions, a genesis, and a driver that makes blocks."""

from dataclasses import dataclass, field
from functools import cache

import coincurve
import nacl.signing

from chain.app import App
from chain.auth.addresses import ED25519, SECP256K1, address_of
from chain.auth.types import Account
from chain.bank.types import Balance, Coin
from chain.block import Block, BlockResult, Header, TxResult
from chain.codec import decode, encode, type_url
from chain.envelope import pack_public_key
from chain.genesis import GenesisState
from chain.header import compute_txs_hash, with_block_hash
from chain.params import Params
from chain.profiles import DEFAULT, DEVNET
from chain.queries.account_types import (
    BaseAccount,
    QueryAccountRequest,
    QueryAccountResponse,
    QueryBalanceRequest,
    QueryBalanceResponse,
)
from chain.records import replace
from chain.tx import Any, AuthInfo, Fee, ModeInfo, SignDoc, SignerInfo, Single, Timestamp, TxBody, TxRaw

CHAIN_ID = "mesh-test"
GENESIS_TIME_NS = 1_700_000_000 * 10**9
BLOCK_TIME_NS = 10**9
GAS_LIMIT = 100_000_000
RICH = 10**15


@dataclass(frozen=True)
class Signer:
    """An account with its private key, made from a name."""

    name: str
    key_type: str = SECP256K1

    @property
    def secret(self) -> bytes:
        return self.name.encode().rjust(32, b"\x01")

    @property
    def public_key(self) -> bytes:
        return _compute_public_key(self.secret, self.key_type)

    @property
    def address(self) -> str:
        return address_of(self.key_type, self.public_key)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        if self.key_type == ED25519:
            return nacl.signing.SigningKey(self.secret).sign(message).signature
        return coincurve.PrivateKey(self.secret).sign_recoverable(message)[:64]


@cache
def _compute_public_key(secret: bytes, key_type: str) -> bytes:
    if key_type == ED25519:
        return bytes(nacl.signing.SigningKey(secret).verify_key)
    return coincurve.PrivateKey(secret).public_key.format()


def pack(message: object) -> Any:
    return Any(type_url(type(message)), encode(message))


def build_tx(
    signers: list[tuple[Signer, int, int]],
    *messages: object,
    chain_id: str = CHAIN_ID,
    gas_limit: int = GAS_LIMIT,
    fee: tuple[Coin, ...] = (),
    payer: str = "",
    with_keys: bool = True,
    mode: int = 1,
    memo: str = "",
    timeout_height: int = 0,
    unordered: bool = False,
    timeout_ns: int | None = None,
) -> bytes:
    """A signed transaction; each signer comes with its account number and sequence."""
    timestamp = None if timeout_ns is None else Timestamp(*divmod(timeout_ns, 10**9))
    body = TxBody(tuple(pack(message) for message in messages), memo, timeout_height, unordered, timestamp)
    infos = tuple(
        SignerInfo(
            pack_public_key(signer.key_type, signer.public_key) if with_keys else None,
            ModeInfo(Single(mode)),
            sequence,
        )
        for signer, _, sequence in signers
    )
    auth_info = AuthInfo(infos, Fee(fee, gas_limit, payer))
    body_bytes, auth_info_bytes = encode(body), encode(auth_info)
    signatures = tuple(
        signer.sign(encode(SignDoc(body_bytes, auth_info_bytes, chain_id, number)))
        for signer, number, _ in signers
    )
    return encode(TxRaw(body_bytes, auth_info_bytes, signatures))


SHORT = replace(
    DEVNET,
    validation=DEFAULT.validation,
    epoch=replace(
        DEVNET.epoch,
        epoch_length=40,
        epoch_shift=22,
        poc_stage_duration=9,
        poc_validation_duration=7,
    ),
    poc=replace(DEVNET.poc, validation_sample_size=16, r_target_micro=1_270_000),
)
"""Parameters of the tests: the first proof of compute starts at height 18, the next at 58."""


def build_genesis(*signers: Signer, params: Params = SHORT, **fields: object) -> GenesisState:
    """A new chain in which every signer owns plenty, and the first one is the authority."""
    addresses = sorted(signer.address for signer in signers)
    genesis = GenesisState(
        chain_id=CHAIN_ID,
        genesis_time_ns=GENESIS_TIME_NS,
        initial_height=1,
        authority=signers[0].address,
        params=params,
        accounts=tuple(Account(address=address, account_number=at) for at, address in enumerate(addresses)),
        balances=tuple(Balance(address, (Coin("umesh", str(RICH)),)) for address in addresses),
    )
    return replace(genesis, **fields)  # type: ignore[arg-type]


@dataclass
class Chain:
    """Drives an app: one call makes one block."""

    genesis: GenesisState
    app: App = field(default_factory=lambda: App("test", runs_quiet_ends=True))
    entries: dict[bytes, bytes] = field(default_factory=dict)
    header: Header = Header("", 0, 0)
    blocks: list[Block] = field(default_factory=list)
    last: BlockResult | None = None

    def __post_init__(self) -> None:
        result = self.app.init_chain(self.genesis)
        self.app.commit()
        self.header = Header(self.genesis.chain_id, result.height, self.genesis.genesis_time_ns)
        self._take(result)

    @property
    def height(self) -> int:
        return self.header.height

    def next_block(self, *txs: bytes, time_ns: int | None = None) -> Block:
        header = Header(
            chain_id=self.genesis.chain_id,
            height=self.height + 1,
            time_ns=time_ns if time_ns is not None else self.header.time_ns + BLOCK_TIME_NS,
            previous_hash=self.header.block_hash,
            app_hash=self.app.info().app_hash,
            results_hash=self.last.results_hash if self.last else b"",
            txs_hash=compute_txs_hash(txs),
            proposer="test",
        )
        return Block(with_block_hash(header), txs)

    def make_block(self, *txs: bytes, time_ns: int | None = None) -> BlockResult:
        block = self.next_block(*txs, time_ns=time_ns)
        result = self.app.finalize_block(block)
        self.app.commit()
        self.header = block.header
        self.blocks.append(block)
        self._take(result)
        return result

    def run_to(self, height: int) -> list[BlockResult]:
        """Makes empty blocks up to and including a height."""
        return [self.make_block() for _ in range(self.height, height)]

    def skip_to(self, height: int) -> int:
        """Passes over what is quiet and makes only the blocks that do something; how many those were."""
        made = 0
        while self.height < height:
            last, wakeup = self.header, self.app.find_wakeup()
            by_time = last.height + (wakeup.time_ns - last.time_ns - 1) // BLOCK_TIME_NS
            quiet = min(wakeup.height - 1, by_time, height)
            steps = max(quiet - last.height, 1)
            self.header = Header(last.chain_id, last.height + steps, last.time_ns + steps * BLOCK_TIME_NS)
            if quiet > last.height:
                self.app.skip(self.header)
                continue
            result = self.app.finalize_block(Block(self.header))
            assert result.changes, "a block that was to be made changes nothing"
            self.app.commit()
            self._take(result)
            made += 1
        return made

    def account(self, signer: Signer) -> BaseAccount:
        data = self.query("/cosmos.auth.v1beta1.Query/Account", QueryAccountRequest(signer.address))
        packed = decode(QueryAccountResponse, data).account
        assert packed is not None
        return decode(BaseAccount, packed.value)

    def balance(self, address: str, denom: str = "umesh") -> int:
        data = self.query("/cosmos.bank.v1beta1.Query/Balance", QueryBalanceRequest(address, denom))
        coin = decode(QueryBalanceResponse, data).balance
        assert coin is not None
        return int(coin.amount)

    def query(self, path: str, request: object) -> bytes:
        result = self.app.query(path, encode(request))
        assert result.code == 0, result.log
        return result.value

    def sign(self, signer: Signer, *messages: object, ahead: int = 0, **options: object) -> bytes:
        """A transaction with the account's number and sequence as committed, plus `ahead`."""
        account = self.account(signer)
        entry = (signer, account.account_number, account.sequence + ahead)
        return build_tx([entry], *messages, chain_id=self.genesis.chain_id, **options)  # type: ignore[arg-type]

    def send(self, signer: Signer, *messages: object, **options: object) -> TxResult:
        """A block with one transaction, and what became of it."""
        return self.make_block(self.sign(signer, *messages, **options)).tx_results[0]

    def _take(self, result: BlockResult) -> None:
        self.last = result
        for key, value in result.changes:
            if value is None:
                self.entries.pop(key, None)
            else:
                self.entries[key] = value
