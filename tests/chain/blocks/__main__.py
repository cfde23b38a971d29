"""Writes the golden blocks anew: `python -m tests.chain.blocks`. Only after a change of the law that is
meant, with an entry under State-breaking in the changelog; look at the difference before it is committed.
"""

from tests.chain.blocks.envelopes import write_registry, write_transactions
from tests.chain.blocks.mining import write_formations, write_hardware, write_policies, write_windows
from tests.chain.blocks.recorded import write_cosmpy, write_first
from tests.chain.blocks.requests import write_inferences, write_validations
from tests.chain.blocks.seasons import write_governance, write_jailed, write_settlements
from tests.chain.blocks.upgrades import write_upgrades

FILES = (
    write_transactions,
    write_registry,
    write_hardware,
    write_windows,
    write_policies,
    write_formations,
    write_inferences,
    write_validations,
    write_settlements,
    write_jailed,
    write_governance,
    write_upgrades,
    write_first,
    write_cosmpy,
)


def main() -> None:
    """Every file."""
    for write in FILES:
        file = write()
        file.write()
        print(f"block_{file.name}.json: {len(file.cases)} cases")


if __name__ == "__main__":
    main()
