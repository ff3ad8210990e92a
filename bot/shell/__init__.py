"""The hall: observe, copy into the journal, execute. Thin and asynchronous; it decides nothing."""
