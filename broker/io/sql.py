"""The broker's durable memory: SQLite by default, PostgreSQL by URL.

Small tables, written through: an action of the controller is in the database before anybody is told about it.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from broker import actions
from broker.actions import StoreAction
from broker.facts import HardwareItem
from broker.nodes import AdminState, ModelConfig, NodeConfig
from broker.state import Stored

METADATA = sa.MetaData()

NODES = sa.Table(
    "nodes",
    METADATA,
    sa.Column("id", sa.String(128), primary_key=True),
    sa.Column("config", sa.Text, nullable=False),
    sa.Column("admin_enabled", sa.Boolean, nullable=False),
    sa.Column("admin_epoch", sa.BigInteger),
    sa.Column("admin_prev_epoch", sa.BigInteger, nullable=False),
    sa.Column("admin_pending", sa.Boolean),
)
SEEDS = sa.Table(
    "seeds",
    METADATA,
    sa.Column("epoch_index", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("seed", sa.BigInteger, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
    sa.Column("submitted", sa.Boolean, nullable=False),
)
POC_ASSIGNMENTS = sa.Table(
    "poc_assignments",
    METADATA,
    sa.Column("start_height", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("node_id", sa.String(128), primary_key=True),
    sa.Column("rank", sa.Integer, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("model_id", sa.Text, nullable=False),
    sa.Column("local_model", sa.Text, nullable=False),
    sa.Column("next_nonce", sa.BigInteger, nullable=False),
)
POC_BATCHES = sa.Table(
    "poc_batches",
    METADATA,
    sa.Column("start_height", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("batch_id", sa.String(64), primary_key=True),
    sa.Column("node_id", sa.String(128), nullable=False),
    sa.Column("nonces", sa.Text, nullable=False),
    sa.Column("dist_micro", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
POC_VOTES = sa.Table(
    "poc_votes",
    METADATA,
    sa.Column("start_height", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("participant", sa.String(128), primary_key=True),
)
FINISHES = sa.Table(
    "finishes",
    METADATA,
    sa.Column("inference_id", sa.String(128), primary_key=True),
    sa.Column("message", sa.LargeBinary, nullable=False),
)
KV = sa.Table(
    "kv",
    METADATA,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

_GENERATION = "generation"
_STAGES = (POC_ASSIGNMENTS, POC_BATCHES, POC_VOTES)


def open_engine(url: str) -> sa.Engine:
    """A connection pool. On SQLite every commit is on the disk when it returns."""
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _harden_sqlite)
    return engine


def _harden_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 30000")


class Memory:
    """What survives the process. One owner writes; every call is one transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def load(self) -> Stored:
        """Everything that was written, in a stable order."""
        with self._engine.begin() as db:
            generation = db.scalar(sa.select(KV.c.value).where(KV.c.key == _GENERATION))
            return Stored(
                tuple(_read_node(row) for row in _rows(db, NODES)),
                int(generation or 0),
                tuple(actions.StoreSeed(**row) for row in _rows(db, SEEDS)),
                tuple(actions.StoreAssignment(**row) for row in _rows(db, POC_ASSIGNMENTS)),
                tuple(_read_batch(row) for row in _rows(db, POC_BATCHES)),
                tuple(actions.StoreVote(**row) for row in _rows(db, POC_VOTES)),
                tuple(actions.StoreFinish(**row) for row in _rows(db, FINISHES)),
            )

    def write(self, stores: Iterable[StoreAction]) -> None:
        """Write all of it or nothing, and return when it is durable."""
        with self._engine.begin() as db:
            for action in stores:
                _write(db, action)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def _rows(db: sa.Connection, table: sa.Table) -> list[dict[str, Any]]:
    query = sa.select(table).order_by(*table.primary_key.columns)
    return [dict(row) for row in db.execute(query).mappings()]


def _write(db: sa.Connection, action: StoreAction) -> None:
    match action:
        case actions.StoreNode():
            _put(db, NODES, _write_node(action))
        case actions.StoreNodeRemoval():
            db.execute(NODES.delete().where(NODES.c.id == action.node_id))
        case actions.StoreGeneration():
            _put(db, KV, {"key": _GENERATION, "value": str(action.generation)})
        case actions.StoreSeed():
            _put(db, SEEDS, asdict(action))
        case actions.StoreAssignment():
            _put(db, POC_ASSIGNMENTS, asdict(action))
        case actions.StoreBatch():
            lists = {"nonces": json.dumps(action.nonces), "dist_micro": json.dumps(action.dist_micro)}
            _put(db, POC_BATCHES, asdict(action) | lists)
        case actions.StoreVote():
            _put(db, POC_VOTES, asdict(action))
        case actions.StoreFinish():
            _put(db, FINISHES, asdict(action))
        case actions.ForgetFinish():
            db.execute(FINISHES.delete().where(FINISHES.c.inference_id == action.inference_id))
        case actions.ForgetStages():
            for table in _STAGES:
                db.execute(table.delete().where(table.c.start_height < action.before_height))


def _put(db: sa.Connection, table: sa.Table, row: dict[str, Any]) -> None:
    """Insert, or replace what has the same primary key."""
    keys = [column.name for column in table.primary_key.columns]
    same = sa.and_(*(table.c[key] == row[key] for key in keys))
    rest = {name: value for name, value in row.items() if name not in keys}
    known = db.execute(sa.select(sa.literal(1)).select_from(table).where(same)).first()
    if known is None:
        db.execute(table.insert().values(row))
    elif rest:
        db.execute(table.update().where(same).values(rest))


def _write_node(action: actions.StoreNode) -> dict[str, Any]:
    admin = action.admin
    return {
        "id": action.config.id,
        "config": json.dumps(asdict(action.config), sort_keys=True),
        "admin_enabled": admin.enabled,
        "admin_epoch": admin.epoch,
        "admin_prev_epoch": admin.prev_epoch,
        "admin_pending": admin.pending,
    }


def _read_node(row: dict[str, Any]) -> actions.StoreNode:
    document = json.loads(row["config"])
    models = tuple(ModelConfig(item["id"], tuple(item["args"])) for item in document.pop("models"))
    hardware = tuple(HardwareItem(**item) for item in document.pop("hardware"))
    config = NodeConfig(**document, models=models, hardware=hardware)
    admin = AdminState(
        row["admin_enabled"], row["admin_epoch"], row["admin_prev_epoch"], row["admin_pending"]
    )
    return actions.StoreNode(config, admin)


def _read_batch(row: dict[str, Any]) -> actions.StoreBatch:
    lists = {"nonces": tuple(json.loads(row["nonces"])), "dist_micro": tuple(json.loads(row["dist_micro"]))}
    return actions.StoreBatch(**(row | lists))
