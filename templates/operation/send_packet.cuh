// Data and flag in one 64-bit store: whoever sees one sees the other. (A vector of two words would be two stores.)
__device__ __forceinline__ void {{ name }}(u64* packet, u32 data, u32 flag) {
    const u64 value = u64(data) << 32 | flag;
    asm volatile("{{ mnemonic }} [%0], %1;" :: "l"(__cvta_generic_to_global(packet)), "l"(value) : "memory");
}
