"""The size of the Earth."""

# Mean radius, in kilometres.
RADIUS = 6371.0088
