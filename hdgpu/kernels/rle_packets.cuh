// The packets of an RLE segment (PS3.5 G.3.1), found one after another in a window of its bytes.
//
// What is accepted is what hdgpu/codecs/rle.py accepts.
#pragma once

#include "common.cuh"

// Why a frame is not decoded; RleFlag in hdgpu/codecs/device/rle.py has the same names.
#define HEADER_CUT 1
#define SEGMENT_COUNT 2
#define OFFSETS 4
#define TOO_SHORT 8
#define TOO_LONG 16
#define GOES_ON 32

// What a segment has behind its last pixel, or as its last packet.  The host has two decoders, and each of them takes
// all segments of a frame or none: so a frame may have segments of the one kind or of the other, but not of both.
#define NOT_STRICT 1  // more zeros than one of padding, or a literal run cut where the pixels are complete
#define NOT_PADDED 2  // packets that mean nothing

#define HEADER 64
#define WINDOW 1024
// Every run takes two bytes or more.
#define MOST_RUNS (WINDOW / 2)

struct Segment {
    Index from, size;  // bytes of the frame before it, and its own
    int32 error;
    int32 ending;  // NOT_STRICT or NOT_PADDED
};

HDGPU_INLINE Index little_endian(const uint8* at) {
    return at[0] | at[1] << 8 | at[2] << 16 | static_cast<Index>(at[3]) << 24;
}

// A segment by the header of its frame (PS3.5 G.4, G.5), whose offsets have to ascend, the last one within the frame.
// Beyond `length` nothing is read; `segments` are 15 at most.
HDGPU_INLINE Segment find_segment(const uint8* frame, Index length, Index samples, Index segments, Index number) {
    Segment found = {0, 0, 0, 0};
    if (length < HEADER) {
        found.error = HEADER_CUT;
    } else if (little_endian(frame) != segments) {
        found.error = SEGMENT_COUNT;
    } else {
        Index before = HEADER - 1;
        for (Index i = 0; i <= segments; ++i) {
            const Index offset = i < segments ? little_endian(frame + 4 * (i + 1)) : length;
            if (offset <= before) found.error = OFFSETS;
            if (i == number) found.from = offset;
            if (i == number + 1) found.size = offset - found.from;
            before = offset;
        }
        // The host's strict decoder, given the frame as it is, wants no gap behind the header.
        if (samples == 1 && little_endian(frame + 4) != HEADER) found.ending = NOT_STRICT;
    }
    return found;
}

// The runs that begin in a window.
struct Runs {
    Index written;             // bytes of the segment's plane before them
    int32 count, bytes;        // of runs, and of the plane that they fill
    bool last;                 // whether there are none after them
    uint16 begin[MOST_RUNS];   // bytes of the plane that those before it fill
    uint16 source[MOST_RUNS];  // place of its first byte in the window, twice; and 1 where that byte is repeated
};

// Where the walk through a segment stands.
struct Walk {
    Index at, written;  // bytes of the segment and of its plane that are done with
    int32 error, ending;
};

// Find the runs that begin in a window, whose byte 0 is byte `first` of the segment; they fill `pixels` at most.
HDGPU_INLINE void walk_window(const uint8* window, Index first, Index size, Index pixels, Walk& walk, Runs& runs) {
    const Index most = 1 << 30;  // more than a window can lead to: from here on 32 bits will do
    const int32 end = static_cast<int32>(size - first < most ? size - first : most);
    const int32 room = static_cast<int32>(pixels - walk.written < most ? pixels - walk.written : most);
    const int32 until = end < WINDOW ? end : WINDOW;
    int32 at = static_cast<int32>(walk.at - first), bytes = 0, count = 0;
    while (at < until && bytes < room) {
        const int32 code = window[at++];
        if (code == 128) continue;
        const int32 repeats = code >> 7;
        int32 length = repeats ? 257 - code : code + 1, taken = repeats ? 1 : length;
        if (at + taken > end) {  // the segment ends inside of the run
            walk.ending |= NOT_STRICT;
            taken = end - at;
            length = repeats ? 0 : taken;
            if (length == 0) break;
        }
        if (length > room - bytes) {
            walk.error = TOO_LONG;
            break;
        }
        runs.begin[count] = static_cast<uint16>(bytes);
        runs.source[count] = static_cast<uint16>(at << 1 | repeats);
        ++count;
        at += taken;
        bytes += length;
    }
    runs.written = walk.written;
    runs.count = count;
    runs.bytes = bytes;
    walk.at = first + at;
    walk.written += bytes;
    const bool full = walk.written >= pixels;
    runs.last = walk.error || full || at >= end;
    if (runs.last && !full && !walk.error) walk.error = TOO_SHORT;
}

// The run that a byte of the plane, counted from the first of these runs, belongs to.
HDGPU_INLINE int32 run_of(const Runs& runs, int32 byte) {
    int32 run = 0;
#pragma unroll
    for (int32 step = MOST_RUNS / 2; step; step >>= 1) {
        if (run + step < runs.count && runs.begin[run + step] <= byte) run += step;
    }
    return run;
}

// What a byte behind the last pixel says against either decoder of the host.
HDGPU_INLINE int32 trailing(uint8 byte, bool is_last) {
    const bool strict = byte == 128 || (byte == 0 && is_last);
    return (strict ? 0 : NOT_STRICT) | (byte == 0 ? 0 : NOT_PADDED);
}
