__device__ __forceinline__ void {{ name }}(u32* word, u32 value) {
    asm volatile("{{ mnemonic }} [%0], %1;" :: "l"(__cvta_generic_to_global(word)), "r"(value) : "memory");
}
