"""CUDA sources: one entry kernel a ``.cu``, its maths for one element in ``.cuh`` files that are plain C++ as well.

:mod:`hdgpu.array.kernels` finds, specialises, compiles and launches them.  Each file begins with its
contract.
"""
