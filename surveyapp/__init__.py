"""Asks customers one question after a support case and turns the answers into scores a team can trust."""

import logging

# Where no log was started, such as in a short command, a failure is told in one sentence and no traceback.
logging.getLogger(__name__).addHandler(logging.NullHandler())
