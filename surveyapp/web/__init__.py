"""The pages and interfaces that are reached over HTTP."""
