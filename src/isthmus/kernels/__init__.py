"""Numba kernels: arrays in, arrays out. They import numpy and numba alone, and know no ids."""
