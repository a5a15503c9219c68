"""The demo: an invented company with three months of answers, ready to click and to read."""
