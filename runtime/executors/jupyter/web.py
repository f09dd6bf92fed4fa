"""Web: a real kernel has the network that its process has, so nothing is mended here. The kernel's own `_telar.web`."""


def install(_host):
    """Nothing to do."""
