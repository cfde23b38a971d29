"""Every refusal that the broker utters.

BrokerError
├── NodeUnknown          404
├── NodeIdMismatch       409
├── InvalidModel         400
├── ChainUnknown         503
├── NoNodeAvailable      503
├── ReportRefused        the node stops retrying (FAILED_PRECONDITION)
├── ReportUnauthenticated
├── RequestRefused       a request for inference; carries its own status
└── HomeError            a home directory or setting that cannot be used
"""


class BrokerError(Exception):
    """A refusal in normal operation. `reason` is stable; the message says what is wrong and what to do."""

    reason = "BROKER_ERROR"
    http_status = 500


class NodeUnknown(BrokerError):
    """No node has this id."""

    reason = "NODE_UNKNOWN"
    http_status = 404

    def __init__(self, node_id: str) -> None:
        super().__init__(f"node not found: {node_id}")
        self.node_id = node_id


class NodeIdMismatch(BrokerError):
    """The address names one node and the body another."""

    reason = "NODE_ID_MISMATCH"
    http_status = 409

    def __init__(self, path_id: str, body_id: str) -> None:
        super().__init__(f"the path names node {path_id!r}, the body {body_id!r}; make them equal")


class InvalidModel(BrokerError):
    """A declared model leads to no governance model."""

    reason = "INVALID_MODEL"
    http_status = 400

    def __init__(self, node_id: str, models: tuple[str, ...]) -> None:
        names = ", ".join(models)
        super().__init__(
            f"node {node_id}: {names} is neither a governance model nor an alternative of one; "
            "see `meshkeeper chain query models` for what is valid"
        )
        self.models = models


class ChainUnknown(BrokerError):
    """The answer depends on the chain, which cannot be asked."""

    reason = "CHAIN_UNAVAILABLE"
    http_status = 503


class NoNodeAvailable(BrokerError):
    """No own node can take the request now."""

    reason = "NO_NODE_AVAILABLE"
    http_status = 503

    def __init__(self, model: str, detail: str) -> None:
        super().__init__(f"no nodes available for inference with {model}: {detail}")
        self.model = model


class ReportRefused(BrokerError):
    """A report of nonces that will never be taken: wrong stage, wrong key, or a node that is not to mine."""

    reason = "REPORT_REFUSED"
    http_status = 409


class ReportUnauthenticated(BrokerError):
    """The report's bearer token is not the one that was handed out for this node and stage."""

    reason = "REPORT_UNAUTHENTICATED"
    http_status = 401


class HomeError(BrokerError):
    """The home directory, a key or a setting cannot be used."""

    reason = "HOME_UNUSABLE"


class RequestRefused(BrokerError):
    """A request for inference that is not answered. `code` is stable; `param` names the field at fault."""

    def __init__(
        self, http_status: int, code: str, message: str, param: str = "", retry_after_s: int = 0
    ) -> None:
        super().__init__(message)
        self.http_status = http_status
        self.reason = code
        self.param = param
        self.retry_after_s = retry_after_s
