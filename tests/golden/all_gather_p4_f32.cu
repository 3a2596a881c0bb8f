// all_gather_p4_f32: written by argen 0.1.0 from all-gather.arp. Do not edit: manifest.json holds its sha256.
//
// all-gather: copy, barrier, read every rank s part
// Knobs: epoch_from = device, buffers = double, barrier = on, signal = acquire_release, scope = sys, first_sync = on,
// second_sync = on, slots = parity, reset = off, threads_past_the_end = stay, grids = same, parts = anywhere
// P = 4 ranks, f32, rounded after each operation; 512 threads for each block.
// Requires P <= T.
// Certified for launches of any length N up to the capacity C, the same N on all ranks in each launch, and of one
// number of blocks B and one capacity C on a workspace, back to back from its initial contents; before B or C changes
// all ranks must be done, and every buffer gets its initial contents again.

using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i64 = long long;

namespace {

// The bits of one f32.
using Element = u32;

constexpr i64 P = 4; // ranks
constexpr i64 T = 512; // threads in each block
constexpr i64 V = 4; // elements in 16 bytes
constexpr i64 ElementBytes = 4;

// All instances of a symmetric buffer, in rank order.
template <typename Word>
struct Instances {
    Word* of[P];
};

// Quotient rounded up.
__device__ __forceinline__ i64 ceil_div(i64 left, i64 right) { return (left + right - 1) / right; }
__device__ __forceinline__ u32 ceil_div(u32 left, u32 right) { return left / right + (left % right != 0); }

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

__device__ __forceinline__ void store_release_sys(u32* word, u32 value) {
    asm volatile("st.release.sys.global.u32 [%0], %1;" :: "l"(__cvta_generic_to_global(word)), "r"(value) : "memory");
}

__device__ __forceinline__ void store_weak(u32* word, u32 value) {
    asm volatile("st.weak.global.u32 [%0], %1;" :: "l"(__cvta_generic_to_global(word)), "r"(value) : "memory");
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

// Polls until seen == wanted. False: the deadline passed first.
__device__ __forceinline__ bool await_acquire_sys_equal(const u32* word, u32 wanted, const Watch& watch, const Wait& wait) {
    u64 start = 0;
    for (;;) {
        const u32 seen = load_acquire_sys(word);
        if (seen == wanted) {
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
    asm volatile("ld.weak.global.u32 %0, [%1];" : "=r"(value) : "l"(__cvta_generic_to_global(from)) : "memory");
    return value;
}

__device__ __forceinline__ void store_weak_element(Element* to, Element value) {
    asm volatile("st.weak.global.u32 [%0], %1;" :: "l"(__cvta_generic_to_global(to)), "r"(value) : "memory");
}

} // namespace

extern "C" __global__ void __launch_bounds__(512, 1) all_gather_p4_f32(
    u32* counter,
    Element* input,
    Element* output,
    const __grid_constant__ Instances<Element> comm,
    const __grid_constant__ Instances<u32> arrived,
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
    const i64 B = blocks;
    const i64 grid = gridDim.x;
    const i64 rank = rank_number;
    const i64 block = blockIdx.x;
    const i64 thread = threadIdx.x;
    const Watch watch{u32(rank), deadline_ns, status};
    bool expired = false;

    // line 66: let done = load counter[block] weak
    const u32 done = load_weak(counter + block);

    // line 67: let epoch = if epoch_from is device then done + 1 else launch_epoch
    const u32 epoch = done + 1u;

    // line 68: let half = if buffers is double then epoch % 2 else 0
    const u32 half = epoch % 2u;

    // line 70: if parts is aligned or N % V == 0
    if (N % V == 0) {
        // line 71: copy comm[half] <- input over vectors
        {
            const i64 limit = N;
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    store_weak_vector(comm.of[rank] + i64(half) * (ceil_div(C, V) * V) + at, load_weak_vector(input + at));
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        store_weak_element(comm.of[rank] + i64(half) * (ceil_div(C, V) * V) + element, load_weak_element(input + element));
                    }
                }
            }
        }
    } else {
        // line 73: copy comm[half] <- input over elements
        {
            const i64 limit = N;
            const i64 step = grid * T;
            #pragma unroll 1
            for (i64 at = block * T + thread; at < limit; at += step) {
                store_weak_element(comm.of[rank] + i64(half) * (ceil_div(C, V) * V) + at, load_weak_element(input + at));
            }
        }
    }

    // line 43, from line 82: block_sync
    block_sync();

    // line 45, from line 82: threads t < P
    if (thread < P) {
        const i64 t = thread;
        // line 53, from line 82: store pad[row][block][self] on rank t = epoch release.sys
        store_release_sys(arrived.of[t] + (i64(epoch % 2u) * B + block) * P + rank, epoch);
        // line 54, from line 82: await pad[row][block][t] == epoch acquire.sys
        {
            const i64 slot = (i64(epoch % 2u) * B + block) * P + t;
            expired = !await_acquire_sys_equal(arrived.of[rank] + slot, epoch, watch, Wait{4, u32(slot), 54});
        }
    }

    // line 61, from line 82: block_sync
    if (block_sync_any(expired)) {
        return;
    }

    // line 87: for i in 0..P
    #pragma unroll 1
    for (i64 i = 0; i < P; ++i) {
        // line 88: let q = (self + i) % P
        const i64 q = (rank + i) % P;
        // line 89: if parts is aligned or N % V == 0
        if (N % V == 0) {
            // line 90: copy output at q * N <- comm[half] on rank q over vectors
            {
                const i64 limit = N;
                const i64 step = grid * T * V;
                #pragma unroll 1
                for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                    if (limit - at >= V) {
                        store_weak_vector(output + q * N + at, load_weak_vector(comm.of[q] + i64(half) * (ceil_div(C, V) * V) + at));
                    } else {
                        #pragma unroll 1
                        for (i64 element = at; element < limit; ++element) {
                            store_weak_element(output + q * N + element, load_weak_element(comm.of[q] + i64(half) * (ceil_div(C, V) * V) + element));
                        }
                    }
                }
            }
        } else {
            // line 92: copy output at q * N <- comm[half] on rank q over elements
            {
                const i64 limit = N;
                const i64 step = grid * T;
                #pragma unroll 1
                for (i64 at = block * T + thread; at < limit; at += step) {
                    store_weak_element(output + q * N + at, load_weak_element(comm.of[q] + i64(half) * (ceil_div(C, V) * V) + at));
                }
            }
        }
    }

    // line 95: if thread == 0
    if (thread == 0) {
        // line 96: store counter[block] = epoch weak
        store_weak(counter + block, epoch);
    }
}
