// ll_p2_bf16: written by argen 0.1.0 from ll.arp. Do not edit: manifest.json holds its sha256.
//
// all-reduce: 8-byte packets of data and flag, pushed to every rank
// Knobs: epoch_from = device, sets = parity, packet = whole, send_order = relaxed, scope = sys, order = by_rank,
// last_sync = on, empty = left
// P = 2 ranks, bf16, rounded after each operation; 512 threads for each block.
// Certified for launches of any length N up to the capacity C, the same N on all ranks in each launch, and of one
// number of blocks B and one capacity C on a workspace, back to back from its initial contents; before B or C changes
// all ranks must be done, and every buffer gets its initial contents again.

using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i64 = long long;

namespace {

// The bits of one bf16.
using Element = u16;

constexpr i64 P = 2; // ranks
constexpr i64 T = 512; // threads in each block
constexpr i64 V = 8; // elements in 16 bytes
constexpr i64 ElementBytes = 2;

// All instances of a symmetric buffer, in rank order.
template <typename Word>
struct Instances {
    Word* of[P];
};

// Quotient rounded up.
__device__ __forceinline__ i64 ceil_div(i64 left, i64 right) { return (left + right - 1) / right; }
__device__ __forceinline__ u32 ceil_div(u32 left, u32 right) { return left / right + (left % right != 0); }

__device__ __forceinline__ u32 load_weak(const u32* word) {
    u32 value;
    asm volatile("ld.weak.global.u32 %0, [%1];" : "=r"(value) : "l"(__cvta_generic_to_global(word)) : "memory");
    return value;
}

__device__ __forceinline__ void store_weak(u32* word, u32 value) {
    asm volatile("st.weak.global.u32 [%0], %1;" :: "l"(__cvta_generic_to_global(word)), "r"(value) : "memory");
}

// Data and flag in one 64-bit store: whoever sees one sees the other. (A vector of two words would be two stores.)
__device__ __forceinline__ void send_packet_relaxed_sys(u64* packet, u32 data, u32 flag) {
    const u64 value = u64(data) << 32 | flag;
    asm volatile("st.relaxed.sys.global.u64 [%0], %1;" :: "l"(__cvta_generic_to_global(packet)), "l"(value) : "memory");
}

// bar.sync 0, and whether a thread of the block has expired: every thread gets the same answer.
__device__ __forceinline__ bool block_sync_any(bool expired) {
    u32 any;
    asm volatile("{ .reg .pred p, q; setp.ne.u32 p, %1, 0; bar.red.or.pred q, 0, p; selp.u32 %0, 1, 0, q; }"
        : "=r"(any) : "r"(u32(expired)) : "memory");
    return any != 0;
}

// A wait that gives up. Why giving up is safe: a thread whose await has expired stores nothing and changes no word from
// then on, and its block goes no further than the next barrier, where all its threads return together. To every other
// thread, on this rank or a peer, the block looks like one that waits for ever, which is an execution that was checked
// up to that point: nobody is told that it may go on. What the launch leaves behind is unfinished, and must be reset
// before these buffers are used again.
struct Watch {
    u32 rank;
    u64 deadline_ns; // for each await; 0 waits for ever
    u32* status;     // zero before the launch
};

// Where an await stands: the buffer's number in the manifest, the word within the instance, the line of the protocol.
struct Wait {
    u32 buffer;
    u32 slot;
    u32 line;
};

__device__ __forceinline__ u64 nanoseconds() {
    u64 now;
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
    return now;
}

// The first thread of the rank to expire writes down what it waited for.
__device__ __forceinline__ void record_expiry(const Watch& watch, const Wait& wait, u32 seen, u32 wanted) {
    if (watch.status == nullptr || atomicCAS(watch.status, 0u, 1u) != 0u) {
        return;
    }
    watch.status[1] = watch.rank;
    watch.status[2] = wait.buffer;
    watch.status[3] = wait.slot;
    watch.status[4] = seen;
    watch.status[5] = wanted;
    watch.status[6] = blockIdx.x;
    watch.status[7] = threadIdx.x;
    watch.status[8] = wait.line;
}

__device__ __forceinline__ u64 load_packet_relaxed_sys(const u64* packet) {
    u64 value;
    asm volatile("ld.relaxed.sys.global.u64 %0, [%1];" : "=l"(value) : "l"(__cvta_generic_to_global(packet)) : "memory");
    return value;
}

// Polls until seen == wanted, and hands on the data that came with it. False: the deadline passed first.
__device__ __forceinline__ bool receive_packet_relaxed_sys(const u64* from, u32 wanted, u32& data, const Watch& watch, const Wait& wait) {
    u64 start = 0;
    for (;;) {
        const u64 value = load_packet_relaxed_sys(from);
        const u32 seen = u32(value);
        if (seen == wanted) {
            data = u32(value >> 32);
            return true;
        }
        if (watch.deadline_ns != 0) {
            const u64 now = nanoseconds();
            if (start == 0) {
                start = now;
            } else if (now - start >= watch.deadline_ns) {
                record_expiry(watch, wait, seen, wanted);
                return false;
            }
        }
    }
}

// Data moves in vectors of 16 bytes, and element by element where a vector is cut off.
struct alignas(16) Vector {
    u32 word[4];
};

__device__ __forceinline__ Vector load_weak_vector(const Element* from) {
    Vector value;
    asm volatile("ld.weak.global.v4.u32 { %0, %1, %2, %3 }, [%4];"
        : "=r"(value.word[0]), "=r"(value.word[1]), "=r"(value.word[2]), "=r"(value.word[3])
        : "l"(__cvta_generic_to_global(from)) : "memory");
    return value;
}

__device__ __forceinline__ void store_weak_vector(Element* to, const Vector& value) {
    asm volatile("st.weak.global.v4.u32 [%0], { %1, %2, %3, %4 };"
        :: "l"(__cvta_generic_to_global(to)),
        "r"(value.word[0]), "r"(value.word[1]), "r"(value.word[2]), "r"(value.word[3]) : "memory");
}

__device__ __forceinline__ Element load_weak_element(const Element* from) {
    Element value;
    asm volatile("ld.weak.global.u16 %0, [%1];" : "=h"(value) : "l"(__cvta_generic_to_global(from)) : "memory");
    return value;
}

__device__ __forceinline__ void store_weak_element(Element* to, Element value) {
    asm volatile("st.weak.global.u16 [%0], %1;" :: "l"(__cvta_generic_to_global(to)), "h"(value) : "memory");
}

// left · 1 + right, rounded once: the sum of two bf16, on every architecture since sm_80.
__device__ __forceinline__ Element sum(Element left, Element right) {
    Element result;
    asm("fma.rn.bf16 %0, %1, %2, %3;" : "=h"(result) : "h"(left), "h"(Element(0x3f80)), "h"(right));
    return result;
}

__device__ __forceinline__ u32 sum_word(u32 left, u32 right) {
    u32 result;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(left), "r"(0x3f803f80u), "r"(right));
    return result;
}

// Rounded to bf16 each time.
__device__ __forceinline__ Vector sum(const Vector& left, const Vector& right) {
    Vector result;
    #pragma unroll
    for (int word = 0; word < 4; ++word) {
        result.word[word] = sum_word(left.word[word], right.word[word]);
    }
    return result;
}

// Words of 4 bytes that are sent and received: two elements, or one where the message ends between them.

__device__ __forceinline__ u32 load_weak_word(const Element* from, i64 left) {
    if (left < 2) {
        return load_weak_element(from);
    }
    u32 word;
    asm volatile("ld.weak.global.u32 %0, [%1];" : "=r"(word) : "l"(__cvta_generic_to_global(from)) : "memory");
    return word;
}

__device__ __forceinline__ void store_weak_word(Element* to, u32 word, i64 left) {
    if (left < 2) {
        store_weak_element(to, Element(word));
        return;
    }
    asm volatile("st.weak.global.u32 [%0], %1;" :: "l"(__cvta_generic_to_global(to)), "r"(word) : "memory");
}

} // namespace

extern "C" __global__ void __launch_bounds__(512, 1) ll_p2_bf16(
    u32* counter,
    Element* input,
    Element* output,
    const __grid_constant__ Instances<u64> packets,
    u32 rank_number,
    u32 blocks,
    u64 capacity,
    u64 elements,
    u64 deadline_ns,
    u32* status
)
{
    const i64 N = i64(elements);
    const i64 C = i64(capacity);
    const i64 grid = gridDim.x;
    const i64 rank = rank_number;
    const i64 block = blockIdx.x;
    const i64 thread = threadIdx.x;
    const Watch watch{u32(rank), deadline_ns, status};
    bool expired = false;

    // line 54: if empty is left and N == 0
    if (N == 0) {
        // line 55: exit
        return;
    }

    // line 57: let done = load counter[block] weak
    const u32 done = load_weak(counter + block);

    // line 58: let epoch = if epoch_from is device then done + 1 else launch_epoch
    const u32 epoch = done + 1u;

    // line 59: let row = if sets is parity then epoch % 2 else 0
    const u32 row = epoch % 2u;

    // line 62: for step in 0..P
    #pragma unroll 1
    for (i64 step_2 = 0; step_2 < P; ++step_2) {
        // line 63: let to = (self + step) % P
        const i64 to = (rank + step_2) % P;
        // line 75: send packets[row][self] on rank to <- input over whole flag epoch relaxed.sys
        {
            const i64 limit = N;
            const i64 step = grid * T * (V / 4);
            #pragma unroll 1
            for (i64 at = (block * T + thread) * (V / 4); at < limit; at += step) {
                const i64 word = at / (V / 4);
                const u32 data = load_weak_word(input + at, limit - at);
                send_packet_relaxed_sys(packets.of[to] + (i64(row) * P + rank) * ceil_div(C, V / 4) + word, data, epoch);
            }
        }
    }

    // line 93: receive output <- sum over q in 0..P of packets[row][q] over whole flag epoch relaxed.sys
    {
        const i64 limit = N;
        const i64 step = grid * T * (V / 4);
        #pragma unroll 1
        for (i64 at = (block * T + thread) * (V / 4); at < limit && !expired; at += step) {
            const i64 word = at / (V / 4);
            u32 total{};
            #pragma unroll 1
            for (i64 q = 0; q < P; ++q) {
                const i64 slot = (i64(row) * P + q) * ceil_div(C, V / 4) + word;
                u32 data = 0;
                expired = !receive_packet_relaxed_sys(packets.of[rank] + slot, epoch, data, watch, Wait{3, u32(slot), 93});
                if (expired) {
                    break;
                }
                const u32 part = data;
                total = q == 0 ? part : sum_word(total, part);
            }
            if (expired) {
                break;
            }
            store_weak_word(output + at, total, limit - at);
        }
    }

    // line 104: block_sync
    if (block_sync_any(expired)) {
        return;
    }

    // line 106: if thread == 0
    if (thread == 0) {
        // line 107: store counter[block] = epoch weak
        store_weak(counter + block, epoch);
    }
}
