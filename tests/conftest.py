"""What every test shares: quiet logs, and examples that take as long as the machine lets them."""

import logging

import hypothesis
import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
hypothesis.settings.register_profile("any machine", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("any machine")
