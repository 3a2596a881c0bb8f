// Words of 4 bytes that are sent and received{% if bytes == 2 %}: two elements, or one where the message ends between them{% endif %}.
{% if bytes == 4 %}
__device__ __forceinline__ u32 load_weak_word(const Element* from, i64 left) {
    return load_weak_element(from);
}

__device__ __forceinline__ void store_weak_word(Element* to, u32 word, i64 left) {
    store_weak_element(to, word);
}
{% else %}
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
{% endif %}
{% if sentinel %}

// The sentinel is -0.0{% if bytes == 2 %} in the second of two elements{% endif %}: no word that is sent may look like it.
__device__ __forceinline__ u32 without_negative_zeros(u32 word) {
    {% if bytes == 4 %}
    return word == 0x80000000u ? 0u : word;
    {% else %}
    const u32 low = word & 0xffffu;
    const u32 high = word >> 16;
    return (low == 0x8000u ? 0u : low) | (high == 0x8000u ? 0u : high) << 16;
    {% endif %}
}
{% endif %}
{% if wide %}

struct WidePair {
    float value[2];
};

__device__ __forceinline__ WidePair widen_word(u32 word) {
    return WidePair{ {widen(Element(word & 0xffffu)), widen(Element(word >> 16))} };
}

__device__ __forceinline__ u32 narrow_word(const WidePair& pair) {
    return u32(narrow(pair.value[0])) | u32(narrow(pair.value[1])) << 16;
}
{% for name in reductions %}

__device__ __forceinline__ WidePair {{ name }}_word(const WidePair& left, const WidePair& right) {
    return WidePair{ { {{- name }}(left.value[0], right.value[0]), {{ name }}(left.value[1], right.value[1])} };
}
{% endfor %}
{% endif %}
