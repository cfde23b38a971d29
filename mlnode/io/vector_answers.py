"""Answering a request for embeddings: one document, when all its vectors are there."""

import base64
import sys
from array import array

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mlnode.errors import Refusal, RequestInvalid
from mlnode.io.answers import refuse, serve_while_there
from mlnode.io.bodies import EmbeddingBody
from mlnode.io.frames import Embed, Embedded
from mlnode.io.loop import Loop
from mlnode.io.streams import Stream


class VectorResponse(Response):
    """Asks the node when the server calls it, and sends the vectors. A client that leaves cancels them."""

    def __init__(self, loop: Loop, body: EmbeddingBody, order: Embed) -> None:
        self._loop = loop
        self._body = body
        self._order = order
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stream = scope["stream"] = self._loop.open(self._body.model, self._order, scope["request_id"])
        try:
            await serve_while_there(self._serve(stream, scope, receive, send), receive)
        finally:
            self._loop.leave(stream)

    async def _serve(self, stream: Stream, scope: Scope, receive: Receive, send: Send) -> None:
        item = await stream.next()
        if isinstance(item, Embedded):
            try:
                body = msgspec.json.encode(write_vectors(item, self._body, stream.model))
                await Response(body, media_type="application/json")(scope, receive, send)
                return
            except RequestInvalid as refused:
                item = refused
        assert isinstance(item, Refusal)
        await refuse(item)(scope, receive, send)


def write_vectors(embedded: Embedded, body: EmbeddingBody, model: str) -> dict[str, object]:
    """OpenAI's document. Raises `RequestInvalid` for a number of dimensions that the model does not have."""
    n_dimensions = len(embedded.vectors[0]) // 4
    if body.dimensions not in (None, n_dimensions):
        sentence = f"The vectors of this model have {n_dimensions} dimensions, and none are left out."
        raise RequestInvalid("UNSUPPORTED", sentence, "dimensions")
    write = _encode if body.encoding_format == "base64" else _list
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": write(vector)}
            for index, vector in enumerate(embedded.vectors)
        ],
        "model": body.model or model,
        "usage": {"prompt_tokens": embedded.n_prompt, "total_tokens": embedded.n_prompt},
    }


def _encode(vector: bytes) -> str:
    return base64.b64encode(vector).decode()


def _list(vector: bytes) -> list[float]:
    numbers = array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tolist()
