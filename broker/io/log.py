"""The log: lines for people on a terminal, JSON lines everywhere else. To stderr."""

import logging
import sys

import structlog


def set_up_log(level: str) -> None:
    """Configure logging for this process. `level` is a name such as info; ValueError for another word."""
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise ValueError(f"--log-level must be debug, info, warning or error, not {level!r}")
    renderer = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=max(number, logging.WARNING), format="%(message)s")
