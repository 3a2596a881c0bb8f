// channel_ring_p8_f32: written by argen 0.1.0 from channel-ring.arp. Do not edit: manifest.json holds its sha256.
//
// all-reduce over a ring of channels with credits: forward what was received, and add it up
// Knobs: depth = two, index = of_message, receipt = zero_copy, credit = after_use, order = data_first,
// compare = reached, flags = acquire_release, scope = sys, send_sync = on, receive_sync = on, credit_sync = on,
// room_sync = on
// P = 8 ranks, f32, rounded after each operation; 512 threads for each block.
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

constexpr i64 P = 8; // ranks
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
    asm volatile("ld.weak.global.u32 %0, [%1];" : "=r"(value) : "l"(__cvta_generic_to_global(from)) : "memory");
    return value;
}

__device__ __forceinline__ void store_weak_element(Element* to, Element value) {
    asm volatile("st.weak.global.u32 [%0], %1;" :: "l"(__cvta_generic_to_global(to)), "r"(value) : "memory");
}

__device__ __forceinline__ Element sum(Element left, Element right) {
    float result;
    asm("add.rn.f32 %0, %1, %2;" : "=f"(result) : "f"(__uint_as_float(left)), "f"(__uint_as_float(right)));
    return __float_as_uint(result);
}

__device__ __forceinline__ u32 sum_word(u32 left, u32 right) {
    return sum(left, right);
}

// Rounded to f32 each time.
__device__ __forceinline__ Vector sum(const Vector& left, const Vector& right) {
    Vector result;
    #pragma unroll
    for (int word = 0; word < 4; ++word) {
        result.word[word] = sum_word(left.word[word], right.word[word]);
    }
    return result;
}

} // namespace

extern "C" __global__ void __launch_bounds__(512, 1) channel_ring_p8_f32(
    u32* sent,
    Element* input,
    Element* output,
    const __grid_constant__ Instances<Element> queue,
    const __grid_constant__ Instances<u32> number,
    const __grid_constant__ Instances<u32> tail,
    const __grid_constant__ Instances<u32> head,
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

    // line 156: let before = load sent[block] weak
    const u32 before = load_weak(sent + block);

    // line 157: let left = (self + P - 1) % P
    const i64 left = (rank + P - 1) % P;

    // line 158: let right = (self + 1) % P
    const i64 right = (rank + 1) % P;

    // line 159: copy output <- input over whole
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

    // line 170: for k in 0..P - 1
    #pragma unroll 1
    for (i64 k = 0; k < P - 1; ++k) {
        // line 171: let message = before + k
        const u32 message = before + u32(k);
        // line 76, from line 172: threads t < 1
        if (thread < 1) {
            const i64 t = thread;
            // line 84, from line 172: await head[block] reached message + 1 - room acquire.sys
            if (!expired) {
                const i64 slot = block;
                expired = !await_acquire_sys_reached(head.of[rank] + slot, message + 1u - 2u, watch, Wait{6, u32(slot), 84});
            }
        }
        // line 88, from line 172: block_sync
        if (block_sync_any(expired)) {
            return;
        }
        // line 93, from line 172: if k == 0
        if (k == 0) {
            // line 94, from line 172: copy queue[slot] on rank right <- input over whole
            {
                const i64 limit = N;
                const i64 step = grid * T * V;
                #pragma unroll 1
                for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                    if (limit - at >= V) {
                        store_weak_vector(queue.of[right] + i64(message % 2u) * (ceil_div(C, V) * V) + at, load_weak_vector(input + at));
                    } else {
                        #pragma unroll 1
                        for (i64 element = at; element < limit; ++element) {
                            store_weak_element(queue.of[right] + i64(message % 2u) * (ceil_div(C, V) * V) + element, load_weak_element(input + element));
                        }
                    }
                }
            }
        } else {
            // line 98, from line 172: copy queue[slot] on rank right <- queue[last] over whole
            {
                const i64 limit = N;
                const i64 step = grid * T * V;
                #pragma unroll 1
                for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                    if (limit - at >= V) {
                        store_weak_vector(queue.of[right] + i64(message % 2u) * (ceil_div(C, V) * V) + at, load_weak_vector(queue.of[rank] + i64((message - 1u) % 2u) * (ceil_div(C, V) * V) + at));
                    } else {
                        #pragma unroll 1
                        for (i64 element = at; element < limit; ++element) {
                            store_weak_element(queue.of[right] + i64(message % 2u) * (ceil_div(C, V) * V) + element, load_weak_element(queue.of[rank] + i64((message - 1u) % 2u) * (ceil_div(C, V) * V) + element));
                        }
                    }
                }
            }
        }
        // line 100, from line 172: if thread == 0
        if (thread == 0) {
            // line 101, from line 172: store number[slot][block] on rank right = message weak
            store_weak(number.of[right] + i64(message % 2u) * B + block, message);
        }
        // line 44, from line 104, 172: block_sync
        block_sync();
        // line 46, from line 104, 172: threads t < 1
        if (thread < 1) {
            const i64 t_2 = thread;
            // line 52, from line 104, 172: store tail[block] on rank right = message + 1 release.sys
            store_release_sys(tail.of[right] + block, message + 1u);
        }
        // line 108, from line 172: if receipt is zero_copy and k > 0
        if (k > 0) {
            // line 59, from line 110, 172: block_sync
            if (block_sync_any(expired)) {
                return;
            }
            // line 61, from line 110, 172: threads t < 1
            if (thread < 1) {
                const i64 t_3 = thread;
                // line 67, from line 110, 172: store head[block] on rank left = message + 1 release.sys
                store_release_sys(head.of[left] + block, message - 1u + 1u);
            }
        }
        // line 119, from line 172: threads t < 1
        if (thread < 1) {
            const i64 t_4 = thread;
            // line 127, from line 172: await tail[block] reached message + 1 acquire.sys
            {
                const i64 slot = block;
                expired = !await_acquire_sys_reached(tail.of[rank] + slot, message + 1u, watch, Wait{5, u32(slot), 127});
            }
        }
        // line 131, from line 172: block_sync
        if (block_sync_any(expired)) {
            return;
        }
        // line 151, from line 172: accumulate output <- sum of queue[slot] over whole
        {
            const i64 limit = N;
            const i64 step = grid * T * V;
            #pragma unroll 1
            for (i64 at = (block * T + thread) * V; at < limit; at += step) {
                if (limit - at >= V) {
                    const Vector part0 = load_weak_vector(output + at);
                    const Vector part1 = load_weak_vector(queue.of[rank] + i64(message % 2u) * (ceil_div(C, V) * V) + at);
                    Vector total = part0;
                    total = sum(total, part1);
                    store_weak_vector(output + at, total);
                } else {
                    #pragma unroll 1
                    for (i64 element = at; element < limit; ++element) {
                        const Element part0 = load_weak_element(output + element);
                        const Element part1 = load_weak_element(queue.of[rank] + i64(message % 2u) * (ceil_div(C, V) * V) + element);
                        Element total = part0;
                        total = sum(total, part1);
                        store_weak_element(output + element, total);
                    }
                }
            }
        }
    }

    // line 177: let after = before + (P - 1)
    const u32 after = before + u32(P - 1);

    // line 59, from line 180: block_sync
    block_sync();

    // line 61, from line 180: threads t < 1
    if (thread < 1) {
        const i64 t_5 = thread;
        // line 67, from line 180: store head[block] on rank left = message + 1 release.sys
        store_release_sys(head.of[left] + block, after - 1u + 1u);
    }

    // line 187: if thread == 0
    if (thread == 0) {
        // line 188: store sent[block] = after weak
        store_weak(sent + block, after);
    }
}
