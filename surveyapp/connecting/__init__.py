"""Connecting a helpdesk: what to do there, a test event, and what was made of each event in a sentence."""

from surveyapp.connecting.guides import Guide, guide
from surveyapp.connecting.told import explain
from surveyapp.connecting.trials import test_event
from surveyapp.connecting.triggers import TRIGGERS

__all__ = ["TRIGGERS", "Guide", "explain", "guide", "test_event"]
