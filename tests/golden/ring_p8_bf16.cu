// ring_p8_bf16: written by argen 0.1.0 from ring.arp. Do not edit: manifest.json holds its sha256.
//
// all-reduce: reduce-scatter and all-gather around a ring, a barrier after each round
// Knobs: epochs = counted, epoch_from = device, stride = compact, zeroing = none, compare = reached,
// counters = by_peer, first_barrier = on, exchange = off, loading = direct, pipe_depth = one, first_sync = on,
// last_sync = on, order = acquire_release, scope = sys, threads_past_the_end = stay, grids = same, tail = scalar
// P = 8 ranks, bf16, rounded after each operation; 512 threads for each block.
// Requires P <= T.
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

constexpr i64 P = 8; // ranks
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

__device__ __forceinline__ i64 smaller(i64 left, i64 right) { return left < right ? left : right; }
__device__ __forceinline__ u32 smaller(u32 left, u32 right) { return left < right ? left : right; }

__device__ __forceinline__ u32 load_acquire_sys(const u32* word) {
    u32 value;
    asm volatile("ld.acquire.sys.global.u32 %0, [%1];" : "=r"(value) : "l"(__cvta_generic_to_global(word)) : "memory");
    return value;
}

__device__ __forceinline__ u32 load_weak(const u32* word) {
    u32 value;
    asm volatile("ld.weak.global.u32 %0, [%1];" : "=r"(value) : "l"(__cvta_generic_to_global(word)) : "memory");
    return value;
}

__device__ __forceinline__ void store_weak(u32* word, u32 value) {
    asm volatile("st.weak.global.u32 [%0], %1;" :: "l"(__cvta_generic_to_global(word)), "r"(value) : "memory");
}

__device__ __forceinline__ void red_add_release_sys(u32* word, u32 value) {
    asm volatile("red.release.sys.global.add.u32 [%0], %1;" :: "l"(__cvta_generic_to_global(word)), "r"(value) : "memory");
}

__device__ __forceinline__ void block_sync() {
    asm volatile("bar.sync 0;" ::: "memory");
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

// Polls until int(seen - wanted) >= 0. False: the deadline passed first.
__device__ __forceinline__ bool await_acquire_sys_reached(const u32* word, u32 wanted, const Watch& watch, const Wait& wait) {
    u64 start = 0;
    for (;;) {
        const u32 seen = load_acquire_sys(word);
        if (int(seen - wanted) >= 0) {
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

} // namespace

extern "C" __global__ void __launch_bounds__(512, 1) ring_p8_bf16(
    u32* counter,
    Element* input,
    Element* output,
    const __grid_constant__ Instances<Element> window,
    const __grid_constant__ Instances<u32> signal,
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

    // line 85: let done = load counter[block] weak
    const u32 done = load_weak(counter + block);

    // line 86: let counted = if epoch_from is device then done + 1 else launch_epoch
    const u32 counted = done + 1u;

    // line 87: let epoch = if epochs is none then 1 else counted
    const u32 epoch = counted;

    // line 88: let left = (self + P - 1) % P
    const i64 left = (rank + P - 1) % P;

    // line 99: for c in 0..P
    #pragma unroll 1
    for (i64 c = 0; c < P; ++c) {
        // line 100: copy window[c] <- input at c * chunk over within(c)
        {
            const i64 limit = smaller(ceil_div(N, P * V) * V, N - c * (ceil_div(N, P * V) * V));
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    store_weak_vector(window.of[rank] + c * (ceil_div(C, P * V) * V) + at, load_weak_vector(input + c * (ceil_div(N, P * V) * V) + at));
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        store_weak_element(window.of[rank] + c * (ceil_div(C, P * V) * V) + element, load_weak_element(input + c * (ceil_div(N, P * V) * V) + element));
                    }
                }
            }
        }
    }

    // line 56, from line 106: block_sync
    block_sync();

    // line 58, from line 106: threads t < P
    if (thread < P) {
        const i64 t = thread;
        // line 59, from line 106: if t != self
        if (t != rank) {
            // line 60, from line 106: let there = if counters is by_round then round * row else round * row + self
            const i64 there = rank;
            // line 61, from line 106: let here = if counters is by_round then round * row else round * row + t
            const i64 here = t;
            // line 62, from line 106: let wanted = if counters is by_round then epoch * (P - 1) else epoch
            const u32 wanted = epoch;
            // line 70, from line 106: atomic add signal[block][there] on rank t, 1 release.sys
            red_add_release_sys(signal.of[t] + block * ((2 * P - 1 - 1) * P + P) + there, 1u);
            // line 74, from line 106: await signal[block][here] reached wanted acquire.sys
            {
                const i64 slot = block * ((2 * P - 1 - 1) * P + P) + here;
                expired = !await_acquire_sys_reached(signal.of[rank] + slot, wanted, watch, Wait{4, u32(slot), 74});
            }
        }
    }

    // line 80, from line 106: block_sync
    if (block_sync_any(expired)) {
        return;
    }

    // line 110: for k in 0..P - 1
    #pragma unroll 1
    for (i64 k = 0; k < P - 1; ++k) {
        // line 111: let c = (self + P - k - 1) % P
        const i64 c_2 = (rank + P - k - 1) % P;
        // line 113: accumulate window[c] <- sum of window[c] on rank left over within(c)
        if (!expired) {
            const i64 limit = smaller(ceil_div(N, P * V) * V, N - c_2 * (ceil_div(N, P * V) * V));
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    const Vector part0 = load_weak_vector(window.of[rank] + c_2 * (ceil_div(C, P * V) * V) + at);
                    const Vector part1 = load_weak_vector(window.of[left] + c_2 * (ceil_div(C, P * V) * V) + at);
                    Vector total = part0;
                    total = sum(total, part1);
                    store_weak_vector(window.of[rank] + c_2 * (ceil_div(C, P * V) * V) + at, total);
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        const Element part0 = load_weak_element(window.of[rank] + c_2 * (ceil_div(C, P * V) * V) + element);
                        const Element part1 = load_weak_element(window.of[left] + c_2 * (ceil_div(C, P * V) * V) + element);
                        Element total = part0;
                        total = sum(total, part1);
                        store_weak_element(window.of[rank] + c_2 * (ceil_div(C, P * V) * V) + element, total);
                    }
                }
            }
        }
        // line 56, from line 131: block_sync
        if (block_sync_any(expired)) {
            return;
        }
        // line 58, from line 131: threads t < P
        if (thread < P) {
            const i64 t_2 = thread;
            // line 59, from line 131: if t != self
            if (t_2 != rank) {
                // line 60, from line 131: let there = if counters is by_round then round * row else round * row + self
                const i64 there_2 = (1 + k) * P + rank;
                // line 61, from line 131: let here = if counters is by_round then round * row else round * row + t
                const i64 here_2 = (1 + k) * P + t_2;
                // line 62, from line 131: let wanted = if counters is by_round then epoch * (P - 1) else epoch
                const u32 wanted_2 = epoch;
                // line 70, from line 131: atomic add signal[block][there] on rank t, 1 release.sys
                red_add_release_sys(signal.of[t_2] + block * ((2 * P - 1 - 1) * P + P) + there_2, 1u);
                // line 74, from line 131: await signal[block][here] reached wanted acquire.sys
                {
                    const i64 slot = block * ((2 * P - 1 - 1) * P + P) + here_2;
                    expired = !await_acquire_sys_reached(signal.of[rank] + slot, wanted_2, watch, Wait{4, u32(slot), 74});
                }
            }
        }
        // line 80, from line 131: block_sync
        if (block_sync_any(expired)) {
            return;
        }
    }

    // line 136: for k in 0..P - 1
    #pragma unroll 1
    for (i64 k_2 = 0; k_2 < P - 1; ++k_2) {
        // line 137: let c = (self + P - k) % P
        const i64 c_3 = (rank + P - k_2) % P;
        // line 139: copy window[c] <- window[c] on rank left over within(c)
        if (!expired) {
            const i64 limit = smaller(ceil_div(N, P * V) * V, N - c_3 * (ceil_div(N, P * V) * V));
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    store_weak_vector(window.of[rank] + c_3 * (ceil_div(C, P * V) * V) + at, load_weak_vector(window.of[left] + c_3 * (ceil_div(C, P * V) * V) + at));
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        store_weak_element(window.of[rank] + c_3 * (ceil_div(C, P * V) * V) + element, load_weak_element(window.of[left] + c_3 * (ceil_div(C, P * V) * V) + element));
                    }
                }
            }
        }
        // line 56, from line 148: block_sync
        if (block_sync_any(expired)) {
            return;
        }
        // line 58, from line 148: threads t < P
        if (thread < P) {
            const i64 t_3 = thread;
            // line 59, from line 148: if t != self
            if (t_3 != rank) {
                // line 60, from line 148: let there = if counters is by_round then round * row else round * row + self
                const i64 there_3 = (P + k_2) * P + rank;
                // line 61, from line 148: let here = if counters is by_round then round * row else round * row + t
                const i64 here_3 = (P + k_2) * P + t_3;
                // line 62, from line 148: let wanted = if counters is by_round then epoch * (P - 1) else epoch
                const u32 wanted_3 = epoch;
                // line 70, from line 148: atomic add signal[block][there] on rank t, 1 release.sys
                red_add_release_sys(signal.of[t_3] + block * ((2 * P - 1 - 1) * P + P) + there_3, 1u);
                // line 74, from line 148: await signal[block][here] reached wanted acquire.sys
                {
                    const i64 slot = block * ((2 * P - 1 - 1) * P + P) + here_3;
                    expired = !await_acquire_sys_reached(signal.of[rank] + slot, wanted_3, watch, Wait{4, u32(slot), 74});
                }
            }
        }
        // line 80, from line 148: block_sync
        if (block_sync_any(expired)) {
            return;
        }
    }

    // line 151: for c in 0..P
    #pragma unroll 1
    for (i64 c_4 = 0; c_4 < P; ++c_4) {
        // line 152: copy output at c * chunk <- window[c] over within(c)
        {
            const i64 limit = smaller(ceil_div(N, P * V) * V, N - c_4 * (ceil_div(N, P * V) * V));
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    store_weak_vector(output + c_4 * (ceil_div(N, P * V) * V) + at, load_weak_vector(window.of[rank] + c_4 * (ceil_div(C, P * V) * V) + at));
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        store_weak_element(output + c_4 * (ceil_div(N, P * V) * V) + element, load_weak_element(window.of[rank] + c_4 * (ceil_div(C, P * V) * V) + element));
                    }
                }
            }
        }
    }

    // line 154: if thread == 0
    if (thread == 0) {
        // line 155: store counter[block] = counted weak
        store_weak(counter + block, counted);
    }
}
