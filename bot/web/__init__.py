"""The page and the JSON behind it: they look in through the window, and nobody acts through them."""
