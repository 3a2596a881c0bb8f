{% if returns && compares %}
__device__ __forceinline__ u32 {{ name }}(u32* word, u32 expected, u32 value) {
    u32 old;
    asm volatile("{{ mnemonic }} %0, [%1], %2, %3;"
        : "=r"(old) : "l"(__cvta_generic_to_global(word)), "r"(expected), "r"(value) : "memory");
    return old;
}
{% else if returns %}
__device__ __forceinline__ u32 {{ name }}(u32* word, u32 value) {
    u32 old;
    asm volatile("{{ mnemonic }} %0, [%1], %2;"
        : "=r"(old) : "l"(__cvta_generic_to_global(word)), "r"(value) : "memory");
    return old;
}
{% else %}
__device__ __forceinline__ void {{ name }}(u32* word, u32 value) {
    asm volatile("{{ mnemonic }} [%0], %1;" :: "l"(__cvta_generic_to_global(word)), "r"(value) : "memory");
}
{% endif %}
