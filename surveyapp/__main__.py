"""Lets `python -m surveyapp` be the command where it is not on the path."""

from surveyapp.cli import main

main()
