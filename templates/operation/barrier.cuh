{% match barrier %}
{% when Barrier::BlockSync %}
__device__ __forceinline__ void block_sync() {
    asm volatile("bar.sync 0;" ::: "memory");
}
{% when Barrier::BlockSyncAny %}
// bar.sync 0, and whether a thread of the block has expired: every thread gets the same answer.
__device__ __forceinline__ bool block_sync_any(bool expired) {
    u32 any;
    asm volatile("{ .reg .pred p, q; setp.ne.u32 p, %1, 0; bar.red.or.pred q, 0, p; selp.u32 %0, 1, 0, q; }"
        : "=r"(any) : "r"(u32(expired)) : "memory");
    return any != 0;
}
{% when Barrier::Sync %}
__device__ __forceinline__ void barrier_sync(u32 id, u32 count) {
    asm volatile("bar.sync %0, %1;" :: "r"(id), "r"(count) : "memory");
}
{% when Barrier::SyncAny %}
// bar.sync id, count, and whether one of its threads has expired.
__device__ __forceinline__ bool barrier_sync_any(u32 id, u32 count, bool expired) {
    u32 any;
    asm volatile("{ .reg .pred p, q; setp.ne.u32 p, %1, 0; bar.red.or.pred q, %2, %3, p; selp.u32 %0, 1, 0, q; }"
        : "=r"(any) : "r"(u32(expired)), "r"(id), "r"(count) : "memory");
    return any != 0;
}
{% when Barrier::Arrive %}
__device__ __forceinline__ void barrier_arrive(u32 id, u32 count) {
    asm volatile("bar.arrive %0, %1;" :: "r"(id), "r"(count) : "memory");
}
{% endmatch %}
