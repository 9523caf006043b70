"""Sinks: where events go. Python's own logging, silent until it is configured."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from .events import AttemptFailed, FellBack, GaveUp, Happening, HealthChanged

LOGGER = logging.getLogger("langchain_multirouter")
LOGGER.addHandler(logging.NullHandler())

#: What happened → how loud; what is not here is said at INFO.
LEVELS: Mapping[type[Happening], int] = {
    AttemptFailed: logging.WARNING,
    FellBack: logging.WARNING,
    GaveUp: logging.ERROR,
    HealthChanged: logging.WARNING,
}


def listening() -> bool:
    """Whether anybody would see a record; asked once per call, so that silence costs nothing."""
    return LOGGER.isEnabledFor(logging.ERROR) and _heard()


def _heard() -> bool:
    """Whether a handler other than our own silent one is there."""
    logger: logging.Logger | None = LOGGER
    while logger is not None:
        for handler in logger.handlers:
            if not isinstance(handler, logging.NullHandler):
                return True
        logger = logger.parent if logger.propagate else None
    return False


def remark(text: str, *values: object) -> None:
    """A warning that is no event; a handler that raises harms no call."""
    try:
        LOGGER.warning(text, *values)
    except Exception:  # noqa: S110  # a listener's trouble is not the call's
        pass


def tell(happening: Happening) -> None:
    """`log`, but a handler that raises harms nobody."""
    try:
        log(happening)
    except Exception:  # noqa: S110  # a listener's trouble is not the router's
        pass


def log(happening: Happening) -> None:
    """One record: the event's name, and its fields as JSON (so that no line can be forged).

    The fields are also on the record, as `record.router`.
    """
    level = LEVELS.get(type(happening), logging.INFO)
    if LOGGER.isEnabledFor(level):
        fields = happening._asdict()
        name = type(happening).__name__
        LOGGER.log(level, "%s %s", name, json.dumps(fields), extra={"router": fields})
