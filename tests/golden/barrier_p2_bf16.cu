// barrier_p2_bf16: written by argen 0.1.0 from barrier.arp. Do not edit: manifest.json holds its sha256.
//
// barrier: one block of each rank tells all others and waits for them
// Knobs: epoch_from = device, order = acquire_release, scope = sys, first_sync = on, last_sync = on, slots = parity,
// compare = equal, told = all
// P = 2 ranks, bf16, rounded after each operation; 512 threads for each block.
// Requires P <= T.
// Certified for launches of one length N and one number of blocks B on a workspace, back to back from its initial
// contents; before N or B changes all ranks must be done, and every buffer gets its initial contents again, because
// rows that are laid out by N race otherwise.

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

} // namespace

extern "C" __global__ void __launch_bounds__(512, 1) barrier_p2_bf16(
    u32* counter,
    const __grid_constant__ Instances<u32> arrived,
    u32 rank_number,
    u32 blocks,
    u64 elements,
    u64 deadline_ns,
    u32* status
)
{
    const i64 rank = rank_number;
    const i64 thread = threadIdx.x;
    const Watch watch{u32(rank), deadline_ns, status};
    bool expired = false;

    // line 29: let done = load counter[0] weak
    const u32 done = load_weak(counter);

    // line 30: let epoch = if epoch_from is device then done + 1 else launch_epoch
    const u32 epoch = done + 1u;

    // line 31: let row = if slots is parity then epoch % 2 else 0
    const u32 row = epoch % 2u;

    // line 36: block_sync
    block_sync();

    // line 38: threads t < P
    if (thread < P) {
        const i64 t = thread;
        // line 45: store arrived[row][self] on rank t = epoch release.sys
        store_release_sys(arrived.of[t] + i64(row) * P + rank, epoch);
        // line 56: await arrived[row][t] == epoch acquire.sys
        {
            const i64 slot = i64(row) * P + t;
            expired = !await_acquire_sys_equal(arrived.of[rank] + slot, epoch, watch, Wait{1, u32(slot), 56});
        }
    }

    // line 61: block_sync
    if (block_sync_any(expired)) {
        return;
    }

    // line 71: if thread == 0
    if (thread == 0) {
        // line 72: store counter[0] = epoch weak
        store_weak(counter, epoch);
    }
}
