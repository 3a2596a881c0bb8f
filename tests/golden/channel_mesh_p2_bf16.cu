// channel_mesh_p2_bf16: written by argen 0.1.0 from channel-mesh.arp. Do not edit: manifest.json holds its sha256.
//
// all-reduce over a mesh of channels with credits: along the rows, then along the columns
// Knobs: depth = two, credit = after_use, order = data_first, compare = reached, scope = sys, send_sync = on,
// receive_sync = on, credit_sync = on, columns_too = on
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

extern "C" __global__ void __launch_bounds__(512, 1) channel_mesh_p2_bf16(
    u32* sent_east,
    u32* sent_south,
    Element* input,
    Element* output,
    Element* tile,
    const __grid_constant__ Instances<Element> from_west,
    const __grid_constant__ Instances<u32> west_tail,
    const __grid_constant__ Instances<u32> east_head,
    const __grid_constant__ Instances<Element> from_north,
    const __grid_constant__ Instances<u32> north_tail,
    const __grid_constant__ Instances<u32> south_head,
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

    // line 104: let before_east = load sent_east[block] weak
    const u32 before_east = load_weak(sent_east + block);

    // line 105: let before_south = load sent_south[block] weak
    const u32 before_south = load_weak(sent_south + block);

    // line 106: let row = self / columns
    const i64 row = rank / (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1));

    // line 107: let column = self % columns
    const i64 column = rank % (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1));

    // line 108: let east = row * columns + (column + 1) % columns
    const i64 east = row * (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1)) + (column + 1) % (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1));

    // line 109: let west = row * columns + (column + columns - 1) % columns
    const i64 west = row * (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1)) + (column + (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1)) - 1) % (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1));

    // line 110: let south = (row + 1) % rows * columns + column
    const i64 south = (row + 1) % (P / (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1))) * (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1)) + column;

    // line 111: let north = (row + rows - 1) % rows * columns + column
    const i64 north = (row + P / (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1)) - 1) % (P / (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1))) * (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1)) + column;

    // line 113: copy output <- input over whole
    {
        const i64 limit = N;
        const i64 step = grid * T * V;
        #pragma unroll 1
        for (i64 at = (block * T + thread) * V; at < limit; at += step) {
            if (limit - at >= V) {
                store_weak_vector(output + at, load_weak_vector(input + at));
            } else {
                #pragma unroll 1
                for (i64 element = at; element < limit; ++element) {
                    store_weak_element(output + element, load_weak_element(input + element));
                }
            }
        }
    }

    // line 114: copy tile <- input over whole
    {
        const i64 limit = N;
        const i64 step = grid * T * V;
        #pragma unroll 1
        for (i64 at = (block * T + thread) * V; at < limit; at += step) {
            if (limit - at >= V) {
                store_weak_vector(tile + at, load_weak_vector(input + at));
            } else {
                #pragma unroll 1
                for (i64 element = at; element < limit; ++element) {
                    store_weak_element(tile + element, load_weak_element(input + element));
                }
            }
        }
    }

    // line 115: for k in 0..columns - 1
    #pragma unroll 1
    for (i64 k = 0; k < (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1)) - 1; ++k) {
        // line 42, from line 80, 116: threads t < 1
        if (thread < 1) {
            const i64 t = thread;
            // line 48, from line 80, 116: await counts[block] reached value acquire.sys
            if (!expired) {
                const i64 slot = block;
                expired = !await_acquire_sys_reached(east_head.of[rank] + slot, before_east + u32(k) + 1u - 2u, watch, Wait{7, u32(slot), 48});
            }
        }
        // line 81, from line 116: block_sync
        if (block_sync_any(expired)) {
            return;
        }
        // line 85, from line 116: copy queue[message % slots] on rank next <- tile over whole
        {
            const i64 limit = N;
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    store_weak_vector(from_west.of[east] + i64((before_east + u32(k)) % 2u) * (ceil_div(C, V) * V) + at, load_weak_vector(tile + at));
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        store_weak_element(from_west.of[east] + i64((before_east + u32(k)) % 2u) * (ceil_div(C, V) * V) + element, load_weak_element(tile + element));
                    }
                }
            }
        }
        // line 66, from line 87, 116: block_sync
        block_sync();
        // line 55, from line 68, 87, 116: threads t < 1
        if (thread < 1) {
            const i64 t_2 = thread;
            // line 59, from line 68, 87, 116: store counts[block] on rank to = value release.sys
            store_release_sys(west_tail.of[east] + block, before_east + u32(k) + 1u);
        }
        // line 42, from line 89, 116: threads t < 1
        if (thread < 1) {
            const i64 t_3 = thread;
            // line 48, from line 89, 116: await counts[block] reached value acquire.sys
            {
                const i64 slot = block;
                expired = !await_acquire_sys_reached(west_tail.of[rank] + slot, before_east + u32(k) + 1u, watch, Wait{6, u32(slot), 48});
            }
        }
        // line 91, from line 116: block_sync
        if (block_sync_any(expired)) {
            return;
        }
        // line 96, from line 116: copy tile <- queue[message % slots] over whole
        {
            const i64 limit = N;
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    store_weak_vector(tile + at, load_weak_vector(from_west.of[rank] + i64((before_east + u32(k)) % 2u) * (ceil_div(C, V) * V) + at));
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        store_weak_element(tile + element, load_weak_element(from_west.of[rank] + i64((before_east + u32(k)) % 2u) * (ceil_div(C, V) * V) + element));
                    }
                }
            }
        }
        // line 73, from line 98, 116: block_sync
        block_sync();
        // line 55, from line 75, 98, 116: threads t < 1
        if (thread < 1) {
            const i64 t_4 = thread;
            // line 59, from line 75, 98, 116: store counts[block] on rank to = value release.sys
            store_release_sys(east_head.of[west] + block, before_east + u32(k) + 1u);
        }
        // line 100, from line 116: accumulate output <- sum of tile over whole
        {
            const i64 limit = N;
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    const Vector part0 = load_weak_vector(output + at);
                    const Vector part1 = load_weak_vector(tile + at);
                    Vector total = part0;
                    total = sum(total, part1);
                    store_weak_vector(output + at, total);
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        const Element part0 = load_weak_element(output + element);
                        const Element part1 = load_weak_element(tile + element);
                        Element total = part0;
                        total = sum(total, part1);
                        store_weak_element(output + element, total);
                    }
                }
            }
        }
    }

    // line 119: copy tile <- output over whole
    {
        const i64 limit = N;
        const i64 step = grid * T * V;
        #pragma unroll 1
        for (i64 at = (block * T + thread) * V; at < limit; at += step) {
            if (limit - at >= V) {
                store_weak_vector(tile + at, load_weak_vector(output + at));
            } else {
                #pragma unroll 1
                for (i64 element = at; element < limit; ++element) {
                    store_weak_element(tile + element, load_weak_element(output + element));
                }
            }
        }
    }

    // line 120: for k in 0..rows - 1
    #pragma unroll 1
    for (i64 k_2 = 0; k_2 < P / (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1)) - 1; ++k_2) {
        // line 42, from line 80, 121: threads t < 1
        if (thread < 1) {
            const i64 t_5 = thread;
            // line 48, from line 80, 121: await counts[block] reached value acquire.sys
            if (!expired) {
                const i64 slot = block;
                expired = !await_acquire_sys_reached(south_head.of[rank] + slot, before_south + u32(k_2) + 1u - 2u, watch, Wait{10, u32(slot), 48});
            }
        }
        // line 81, from line 121: block_sync
        if (block_sync_any(expired)) {
            return;
        }
        // line 85, from line 121: copy queue[message % slots] on rank next <- tile over whole
        {
            const i64 limit = N;
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    store_weak_vector(from_north.of[south] + i64((before_south + u32(k_2)) % 2u) * (ceil_div(C, V) * V) + at, load_weak_vector(tile + at));
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        store_weak_element(from_north.of[south] + i64((before_south + u32(k_2)) % 2u) * (ceil_div(C, V) * V) + element, load_weak_element(tile + element));
                    }
                }
            }
        }
        // line 66, from line 87, 121: block_sync
        block_sync();
        // line 55, from line 68, 87, 121: threads t < 1
        if (thread < 1) {
            const i64 t_6 = thread;
            // line 59, from line 68, 87, 121: store counts[block] on rank to = value release.sys
            store_release_sys(north_tail.of[south] + block, before_south + u32(k_2) + 1u);
        }
        // line 42, from line 89, 121: threads t < 1
        if (thread < 1) {
            const i64 t_7 = thread;
            // line 48, from line 89, 121: await counts[block] reached value acquire.sys
            {
                const i64 slot = block;
                expired = !await_acquire_sys_reached(north_tail.of[rank] + slot, before_south + u32(k_2) + 1u, watch, Wait{9, u32(slot), 48});
            }
        }
        // line 91, from line 121: block_sync
        if (block_sync_any(expired)) {
            return;
        }
        // line 96, from line 121: copy tile <- queue[message % slots] over whole
        {
            const i64 limit = N;
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    store_weak_vector(tile + at, load_weak_vector(from_north.of[rank] + i64((before_south + u32(k_2)) % 2u) * (ceil_div(C, V) * V) + at));
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        store_weak_element(tile + element, load_weak_element(from_north.of[rank] + i64((before_south + u32(k_2)) % 2u) * (ceil_div(C, V) * V) + element));
                    }
                }
            }
        }
        // line 73, from line 98, 121: block_sync
        block_sync();
        // line 55, from line 75, 98, 121: threads t < 1
        if (thread < 1) {
            const i64 t_8 = thread;
            // line 59, from line 75, 98, 121: store counts[block] on rank to = value release.sys
            store_release_sys(south_head.of[north] + block, before_south + u32(k_2) + 1u);
        }
        // line 100, from line 121: accumulate output <- sum of tile over whole
        {
            const i64 limit = N;
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    const Vector part0 = load_weak_vector(output + at);
                    const Vector part1 = load_weak_vector(tile + at);
                    Vector total = part0;
                    total = sum(total, part1);
                    store_weak_vector(output + at, total);
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        const Element part0 = load_weak_element(output + element);
                        const Element part1 = load_weak_element(tile + element);
                        Element total = part0;
                        total = sum(total, part1);
                        store_weak_element(output + element, total);
                    }
                }
            }
        }
    }

    // line 124: if thread == 0
    if (thread == 0) {
        // line 125: store sent_east[block] = before_east + (columns - 1) weak
        store_weak(sent_east + block, before_east + u32((P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1)) - 1));
        // line 126: store sent_south[block] = before_south + (rows - 1) weak
        store_weak(sent_south + block, before_south + u32(P / (P > 4 && P % 4 == 0 ? 4 : (P % 2 == 0 ? 2 : 1)) - 1));
    }
}
