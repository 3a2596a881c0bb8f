{% if deadline %}
// Polls until {{ condition }}. False: the deadline passed first.
__device__ __forceinline__ bool {{ name }}(const u32* word, u32 wanted, const Watch& watch, const Wait& wait) {
    u64 start = 0;
    for (;;) {
        const u32 seen = {{ load }}(word);
        if ({{ condition }}) {
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
// Polls until {{ condition }}.
__device__ __forceinline__ void {{ name }}(const u32* word, u32 wanted) {
    for (;;) {
        const u32 seen = {{ load }}(word);
        if ({{ condition }}) {
            return;
        }
    }
}
{% endif %}
