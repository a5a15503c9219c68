"""Asks customers one question after a support case and turns the answers into scores a team can trust."""
