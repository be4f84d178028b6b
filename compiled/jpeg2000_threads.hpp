// The code-blocks of a tile-component of JPEG 2000, which have nothing to do with one another, in several threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "jpeg2000_blocks.hpp"
#include "jpeg2000_packets.hpp"

namespace hdgpu::jpeg2000 {

// One thread's memory.
class BlockWorker {
public:
    // A block's coefficients, zeros if the packets said nothing of it, to their places.
    void decode(const CodeBlock& block, const std::vector<Chunk>& chunks, std::int32_t* coefficients) {
        std::int32_t* const out = coefficients + block.offset;
        if (!block.included) {
            for (unsigned row = 0; row < block.height; ++row) {
                std::memset(out + std::size_t{row} * block.pitch, 0, block.width * sizeof *out);
            }
            return;
        }
        coded_.clear();
        for (std::uint32_t at = block.first_chunk; at != no_chunk; at = chunks[at].next) {
            const Bytes& chunk = chunks[at].bytes;
            coded_.insert(coded_.end(), chunk.data, chunk.data + chunk.size);
        }
        coded_.insert(coded_.end(), 2, 0xFF);
        decoder_.decode(coded_.data(), block.width, block.height, block.kind, block.planes, block.passes);
        decoder_.store(out, block.pitch, block.height);
    }

    std::size_t memory() const { return sizeof *this + coded_.capacity(); }

private:
    std::vector<unsigned char> coded_;
    BlockDecoder decoder_;
};

class ThreadedBlocks {
public:
    // False if there is not the memory for it.  The threads have ended then, too.
    bool decode(const std::vector<CodeBlock>& blocks, const std::vector<Chunk>& chunks, std::int32_t* coefficients,
                unsigned threads) {
        const std::size_t wanted = std::max<std::size_t>(1, std::min<std::size_t>(threads, worth(blocks, chunks)));
        while (workers_.size() < wanted) workers_.push_back(std::make_unique<BlockWorker>());
        std::atomic<std::size_t> next{0};
        std::atomic<bool> failed{false};
        const auto work = [&](BlockWorker* worker) noexcept {
            try {
                for (std::size_t at = next++; at < blocks.size() && !failed; at = next++) {
                    worker->decode(blocks[at], chunks, coefficients);
                }
            } catch (...) {  // out of memory
                failed = true;
            }
        };
        std::vector<std::thread> others;
        others.reserve(wanted - 1);
        try {
            while (others.size() + 1 < wanted) others.emplace_back(work, workers_[others.size() + 1].get());
        } catch (...) {
            // The system has no more threads to give: those there are do the work.
        }
        work(workers_[0].get());
        for (std::thread& other : others) other.join();
        return !failed;
    }

    std::size_t memory() const {
        std::size_t bytes = 0;
        for (const auto& worker : workers_) bytes += worker->memory();
        return bytes;
    }

private:
    // Starting a thread takes as long as decoding a kilobyte or two.
    static constexpr std::size_t least_bytes = 16384;

    // How many threads have enough to do.
    static std::size_t worth(const std::vector<CodeBlock>& blocks, const std::vector<Chunk>& chunks) {
        std::size_t bytes = 0, most = 0;
        for (const CodeBlock& block : blocks) {
            if (!block.included) continue;
            ++most;
            for (std::uint32_t at = block.first_chunk; at != no_chunk; at = chunks[at].next) {
                bytes += chunks[at].bytes.size;
            }
        }
        return std::min(most, bytes / least_bytes);
    }

    std::vector<std::unique_ptr<BlockWorker>> workers_;
};

}  // namespace hdgpu::jpeg2000
