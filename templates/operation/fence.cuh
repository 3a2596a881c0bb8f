__device__ __forceinline__ void {{ name }}() {
    asm volatile("{{ mnemonic }};" ::: "memory");
}
