{% if packet %}
__device__ __forceinline__ u64 {{ load }}(const u64* packet) {
    u64 value;
    asm volatile("{{ mnemonic }} %0, [%1];" : "=l"(value) : "l"(__cvta_generic_to_global(packet)) : "memory");
    return value;
}

{% endif %}
{% if deadline %}
// Polls until {{ condition }}, and hands on the data that came with it. False: the deadline passed first.
__device__ __forceinline__ bool {{ name }}(const {{ word }}* from, u32 wanted, u32& data, const Watch& watch, const Wait& wait) {
    u64 start = 0;
    for (;;) {
        const {{ word }} value = {{ load }}(from);
        const u32 seen = u32(value);
        if ({{ condition }}) {
            data = {{ data }};
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
{% else %}
// Polls until {{ condition }}, and hands on the data that came with it.
__device__ __forceinline__ u32 {{ name }}(const {{ word }}* from, u32 wanted) {
    for (;;) {
        const {{ word }} value = {{ load }}(from);
        const u32 seen = u32(value);
        if ({{ condition }}) {
            return {{ data }};
        }
    }
}
{% endif %}
