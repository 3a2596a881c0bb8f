// What an emitted kernel needs in order to run on the host: threads for threads, std::barrier for barriers, std::atomic_ref
// for words. The functions bear the names of the templates' device functions; the kernel's body is the emitted text.

#include <atomic>
#include <barrier>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#define __device__
#define __global__
#define __forceinline__ inline
#define __grid_constant__
#define __launch_bounds__(...)

using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i64 = long long;

struct Index {
    u32 x;
};
inline thread_local Index gridDim, blockIdx, threadIdx;

// The barrier of one block. The flags of two successive barriers are apart, so that a fast thread does not clear a flag
// that a slow one still reads.
struct BlockBarrier {
    std::barrier<> barrier;
    std::atomic<u32> any[3] = {};
    explicit BlockBarrier(u32 threads) : barrier(threads) {}
};
inline thread_local BlockBarrier* block_barrier;
inline thread_local u32 barriers_passed;

inline bool block_sync_any(bool expired) {
    const u32 now = barriers_passed++ % 3;
    if (expired) {
        block_barrier->any[now] = 1;
    }
    block_barrier->barrier.arrive_and_wait();
    const bool result = block_barrier->any[now] != 0;
    block_barrier->any[(now + 2) % 3] = 0;
    return result;
}

inline void block_sync() { block_sync_any(false); }

inline u32 load_weak(const u32* word) { return *word; }
inline void store_weak(u32* word, u32 value) { *word = value; }
inline u32 load_acquire_sys(const u32* word) {
    return std::atomic_ref<u32>(*const_cast<u32*>(word)).load(std::memory_order_acquire);
}
inline void store_release_sys(u32* word, u32 value) {
    std::atomic_ref<u32>(*word).store(value, std::memory_order_release);
}

struct Watch {
    u32 rank;
    u64 deadline_ns;
    u32* status;
};
struct Wait {
    u32 buffer;
    u32 slot;
    u32 line;
};

// The deadline counts polls: no test depends on time.
inline bool await_acquire_sys_equal(const u32* word, u32 wanted, const Watch& watch, const Wait& wait) {
    for (u64 polls = 1;; ++polls) {
        const u32 seen = load_acquire_sys(word);
        if (seen == wanted) {
            return true;
        }
        if (watch.deadline_ns != 0 && polls >= watch.deadline_ns) {
            u32 expected = 0;
            if (std::atomic_ref<u32>(watch.status[0]).compare_exchange_strong(expected, 1)) {
                const u32 words[] = {watch.rank, wait.buffer, wait.slot, seen, wanted, blockIdx.x, threadIdx.x, wait.line};
                std::memcpy(watch.status + 1, words, sizeof words);
            }
            return false;
        }
        std::this_thread::yield();
    }
}

struct alignas(16) Vector {
    u32 word[4];
};

template <typename Element>
Vector load_weak_vector(const Element* from) {
    if (reinterpret_cast<std::uintptr_t>(from) % 16 != 0) {
        std::abort();
    }
    Vector value;
    std::memcpy(&value, from, 16);
    return value;
}
template <typename Element>
void store_weak_vector(Element* to, const Vector& value) {
    if (reinterpret_cast<std::uintptr_t>(to) % 16 != 0) {
        std::abort();
    }
    std::memcpy(to, &value, 16);
}
template <typename Element>
Element load_weak_element(const Element* from) {
    return *from;
}
template <typename Element>
void store_weak_element(Element* to, Element value) {
    *to = value;
}

inline float from_bits(u32 bits) { return std::bit_cast<float>(bits); }
inline float from_bits(u16 bits) { return std::bit_cast<float>(u32(bits) << 16); }
// The sums of f32, and of bf16 rounded to nearest even. All values are finite.
inline u32 sum_of(u32 left, u32 right) { return std::bit_cast<u32>(from_bits(left) + from_bits(right)); }
inline u16 sum_of(u16 left, u16 right) {
    const u32 exact = std::bit_cast<u32>(from_bits(left) + from_bits(right));
    return u16((exact + 0x7fffu + ((exact >> 16) & 1u)) >> 16);
}
template <typename Element>
Vector vector_sum(const Vector& left, const Vector& right) {
    constexpr int count = 16 / sizeof(Element);
    Element a[count], b[count];
    std::memcpy(a, &left, 16);
    std::memcpy(b, &right, 16);
    for (int element = 0; element < count; ++element) {
        a[element] = sum_of(a[element], b[element]);
    }
    Vector result;
    std::memcpy(&result, a, 16);
    return result;
}

// One instance for each rank, on 16-byte boundaries, with a guard behind that must stay as it is.
struct Buffer {
    static constexpr std::size_t guard = 64;
    std::size_t bytes;
    std::vector<std::unique_ptr<unsigned char, decltype(&std::free)>> instances;

    Buffer(u32 ranks, i64 size, const u32* fill) : bytes(std::size_t(size)) {
        for (u32 rank = 0; rank < ranks; ++rank) {
            const std::size_t whole = (bytes + guard + 15) / 16 * 16;
            instances.emplace_back(static_cast<unsigned char*>(std::aligned_alloc(16, whole)), &std::free);
            std::memset(instances.back().get(), 0xcb, whole);
            for (std::size_t at = 0; fill != nullptr && at + 4 <= bytes; at += 4) {
                std::memcpy(instances.back().get() + at, fill, 4);
            }
        }
    }
    template <typename Word>
    Word* of(u32 rank) const {
        return reinterpret_cast<Word*>(instances[rank].get());
    }
    bool guards_hold() const {
        for (const auto& instance : instances) {
            for (std::size_t at = bytes; at < bytes + guard; ++at) {
                if (instance.get()[at] != 0xcb) {
                    return false;
                }
            }
        }
        return true;
    }
};

// Runs all threads of one rank's launch.
template <typename Kernel>
void run_rank(u32 blocks, u32 threads, const Kernel& kernel) {
    std::vector<std::unique_ptr<BlockBarrier>> barriers;
    std::vector<std::thread> running;
    for (u32 block = 0; block < blocks; ++block) {
        barriers.push_back(std::make_unique<BlockBarrier>(threads));
        for (u32 thread = 0; thread < threads; ++thread) {
            running.emplace_back([&, block, thread, barrier = barriers.back().get()] {
                gridDim.x = blocks;
                blockIdx.x = block;
                threadIdx.x = thread;
                block_barrier = barrier;
                barriers_passed = 0;
                kernel();
                // A thread that has ended does not hold up the others.
                barrier->barrier.arrive_and_drop();
            });
        }
    }
    for (std::thread& thread : running) {
        thread.join();
    }
}
