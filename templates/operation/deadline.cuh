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
