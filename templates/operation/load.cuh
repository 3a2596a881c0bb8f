__device__ __forceinline__ u32 {{ name }}(const u32* word) {
    u32 value;
    asm volatile("{{ mnemonic }} %0, [%1];" : "=r"(value) : "l"(__cvta_generic_to_global(word)) : "memory");
    return value;
}
