// What every kernel is written with: types by NumPy's names, indices of 64 bits, and the place of a thread in its grid.
//
// Kernels have no templates to instantiate by name: types come as macros (STORED=uint16), and an entry is extern "C".
// All integer arguments are Index, all others double or pointers, so that the launching side needs no signatures.
#pragma once

#define HDGPU_INLINE __host__ __device__ __forceinline__

typedef signed char int8;
typedef unsigned char uint8;
typedef short int16;
typedef unsigned short uint16;
typedef int int32;
typedef unsigned int uint32;
typedef long long int64;
typedef unsigned long long uint64;
typedef float float32;
typedef double float64;

// Halves as their bits: conversion is ours, so that it is the same with every compiler and needs no header.
struct float16 {
    uint16 bits;
};
struct bfloat16 {
    uint16 bits;
};

typedef int64 Index;

// A grid of columns, rows and layers: each thread begins at its place and goes on by the size of the grid.
#define HDGPU_FIRST(axis) (static_cast<Index>(blockIdx.axis) * blockDim.axis + threadIdx.axis)
#define HDGPU_STEP(axis) (static_cast<Index>(gridDim.axis) * blockDim.axis)
#define HDGPU_FOR(name, axis, count) for (Index name = HDGPU_FIRST(axis); name < (count); name += HDGPU_STEP(axis))
