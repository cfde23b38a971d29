"""Requests that cannot be read are refused with a status that says so. gRPC itself would call them an error
of the server's, and tell it in the log with a traceback for every client that sends garbage.
"""

import inspect
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError


class Guarded:
    """A server to register services with: their requests are read under guard."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: tuple[grpc.GenericRpcHandler, ...]) -> None:
        """What generated code calls first. The handlers come again, by name, with the next call."""

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, grpc.RpcMethodHandler]
    ) -> None:
        """Registers the methods of a service."""
        guarded = {name: guard(handler) for name, handler in handlers.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, guarded),))
        self._server.add_registered_method_handlers(service, guarded)


def guard(handler: grpc.RpcMethodHandler) -> grpc.RpcMethodHandler:
    """The handler with its requests read by it, not before it."""
    if handler.request_streaming:
        answer = _guard_streams(handler)
    elif handler.response_streaming and inspect.isasyncgenfunction(handler.unary_stream):
        answer = _guard_stream(handler)
    else:
        answer = _guard_unary(handler)
    name = next(name for name in ("unary_unary", "unary_stream", "stream_stream") if getattr(handler, name))
    return handler._replace(request_deserializer=None, **{name: answer})


def _guard_unary(handler: grpc.RpcMethodHandler) -> Any:
    inner = handler.unary_unary or handler.unary_stream

    async def answer(data: bytes, context: grpc.aio.ServicerContext) -> Any:
        return await inner(await _read(handler, data, context), context)

    return answer


def _guard_stream(handler: grpc.RpcMethodHandler) -> Any:
    async def answer(data: bytes, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        async for response in handler.unary_stream(await _read(handler, data, context), context):
            yield response

    return answer


def _guard_streams(handler: grpc.RpcMethodHandler) -> Any:
    async def answer(requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
        async def read() -> AsyncIterator[Any]:
            async for data in requests:
                yield await _read(handler, data, context)

        async for response in handler.stream_stream(read(), context):
            yield response

    return answer


async def _read(handler: grpc.RpcMethodHandler, data: bytes, context: grpc.aio.ServicerContext) -> Any:
    try:
        return handler.request_deserializer(data)
    except DecodeError:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the bytes are not the method's request")
