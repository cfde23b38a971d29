"""What cosmpy, unmodified, does with a chain: `python cosmpy_session.py ADDRESS CHAIN_ID KEY RECEIVER`.

Runs in an environment of its own and prints what it saw as JSON.
"""

import json
import sys

from cosmpy.aerial.client import LedgerClient, NetworkConfig
from cosmpy.aerial.wallet import LocalWallet
from cosmpy.crypto.address import Address
from cosmpy.crypto.keypairs import PrivateKey

DENOM = "umesh"


def main(address: str, chain_id: str, key: str, receiver: str) -> dict[str, object]:
    """Ask for an account, try and send coins, wait for their block, ask again."""
    network = NetworkConfig(chain_id, 0, DENOM, DENOM, f"grpc+http://{address}")
    ledger = LedgerClient(network, query_interval_secs=1, query_timeout_secs=30)
    wallet = LocalWallet(PrivateKey(bytes.fromhex(key)), prefix="mesh")
    to = Address(receiver)
    before = ledger.query_account(wallet.address())
    balances = [ledger.query_bank_balance(to, DENOM)]
    simulated = ledger.send_tokens(to, 5, DENOM, wallet).wait_to_complete()
    balances.append(ledger.query_bank_balance(to, DENOM))
    after = ledger.query_account(wallet.address())
    return {
        "address": str(wallet.address()),
        "sequences": [before.sequence, after.sequence],
        "balances": balances,
        "all_balances": [[coin.denom, str(coin.amount)] for coin in ledger.query_bank_all_balances(to)],
        "hash": simulated.tx_hash,
        "height": simulated.response.height,
        "code": simulated.response.code,
        "gas": [simulated.response.gas_used, simulated.response.gas_wanted],
        "events": sorted(simulated.response.events),
        "latest_height": ledger.query_latest_block().height,
        "app_name": ledger.query_node_info().app_name,
    }


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
