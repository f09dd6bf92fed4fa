"""Distances on a globe."""
from math import asin, cos, radians, sin, sqrt

from earth import RADIUS


def distance(a, b):
    """Great-circle distance of two places with `lat` and `lon` in degrees, in kilometres."""
    lat1, lat2 = radians(a["lat"]), radians(b["lat"])
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin(radians(b["lon"] - a["lon"]) / 2) ** 2
    return 2 * RADIUS * asin(sqrt(half))
