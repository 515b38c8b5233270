"""Where files lie, here and elsewhere: found, opened, read again where that helps, and what can go wrong with them."""
