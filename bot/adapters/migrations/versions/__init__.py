"""One file a step; steps are never edited once released."""
