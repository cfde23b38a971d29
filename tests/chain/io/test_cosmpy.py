"""A common Cosmos client, unmodified, is at home here: it asks, signs, broadcasts and waits."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chain.io.daemon import ADA, BOB, Client, Daemon
from tests.chain.kit import CHAIN_ID, RICH

ROOT = Path(__file__).resolve().parents[3]
REQUIREMENTS = ROOT / "requirements" / "cosmpy.txt"
SESSION = Path(__file__).with_name("cosmpy_session.py")
INSTALL_TIMEOUT_S = 180


def install() -> Path:
    """The Python of an environment with cosmpy, made once for each version of its requirements."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = ROOT / ".meshkeeper" / f"cosmpy-{digest}"
    python, done = folder / "bin" / "python", folder / "complete"
    if not done.exists():
        install_options = ["--quiet", "--require-hashes", "-r", str(REQUIREMENTS)]
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--disable-pip-version-check", *install_options],
            check=True,
            timeout=INSTALL_TIMEOUT_S,
            capture_output=True,
        )
        done.touch()
    return python


@pytest.fixture(scope="module")
def cosmpy() -> Path:
    """That Python. Skipped where cosmpy cannot be had; a failure where CI is set."""
    try:
        return install()
    except (subprocess.SubprocessError, OSError) as error:
        sentence = f"cosmpy cannot be installed ({error}); run this test once with access to a package index"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)


@pytest.mark.timeout(300)
async def test_cosmpy_asks_signs_sends_and_waits(cosmpy: Path, tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    daemon.start()
    try:
        arguments = [daemon.address, CHAIN_ID, ADA.secret.hex(), BOB.address]
        session = await asyncio.create_subprocess_exec(
            str(cosmpy), str(SESSION), *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        output, complaints = await asyncio.wait_for(session.communicate(), 60)
        assert session.returncode == 0, complaints.decode()
        seen = json.loads(output)
        async with Client(daemon) as client:
            found = (await client.find_tx(seen["hash"])).tx_response
    finally:
        daemon.close()
    assert seen["address"] == ADA.address
    assert seen["sequences"] == [0, 1]
    assert seen["balances"] == [RICH, RICH + 5]
    assert seen["all_balances"] == [["umesh", str(RICH + 5)]]
    assert (seen["code"], seen["height"], seen["latest_height"]) == (0, found.height, found.height)
    assert seen["gas"] == [found.gas_used, found.gas_wanted]
    assert {"message", "transfer", "tx"} <= set(seen["events"])
    assert seen["app_name"] == "meshkeeper"
