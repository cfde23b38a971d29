"""One network for all tests here: two participants with a node each, in an epoch that stays."""

from collections.abc import Iterator

import pytest

from tests.network import Network


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A network that serves."""
    network = Network(tmp_path_factory.mktemp("network"), {"ada": ["ada-1"], "bob": ["bob-1"]})
    try:
        network.start()
        network.wait_served()
        yield network
    finally:
        network.stop()
