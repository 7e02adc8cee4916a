"""What every test shares: quiet logs, jitter that can be had again, and examples that take what the machine gives."""

import logging
import os
import random

import hypothesis
import pytest
import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
hypothesis.settings.register_profile("any machine", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def same_jitter() -> None:
    """Begin each test at one place of the jitter; ``ORACLEAPI_JITTER`` names another one, to look for luck."""
    random.seed(os.environ.get("ORACLEAPI_JITTER", "0"))
