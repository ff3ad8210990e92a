"""Policies, one a file. A file dropped in here is found by its ``Stage`` class; see CONTRIBUTING."""
